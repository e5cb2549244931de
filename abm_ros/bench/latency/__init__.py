"""
`abm bench latency`: joint state in to command out, against a chain of bare relays.

The real graph runs in mode `task`, one process per node, with models that it has just learned.
Only the body is the benchmark's own. The floor, four bare relays, runs beside it and is timed in
turn with it, sample by sample. Idle means plasticity 0. Training means that both learners take
gradient steps without a pause, which is more than they do in `task`.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench('joint state in to command out, against a chain of bare relays',
              'abm_ros.bench.latency.command')
