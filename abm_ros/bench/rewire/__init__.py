"""
`abm bench rewire`: rewiring the graph between modes, against bare lifecycle nodes.

The real nodes run beside the simulated arm, with models that they have just learned, and move
it wherever the mode lets them. The benchmark rewires them with System M's own engine, from a
thread beside the one that spins, as System M does, and sends its heartbeats. System M itself is
left out: its telemetry tells only of the newest rewiring, and neither its policy nor the fsync
of its audit log is part of one. The floor is the least that anybody could do to as many nodes:
deactivate, set a parameter, activate, all nodes in parallel between three barriers. Floor and
graph take turns in one process, so that both meet the same machine and the same client;
`floor_alone` is the same floor before the graph was started.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench('rewiring between modes, against bare lifecycle nodes',
              'abm_ros.bench.rewire.command')
