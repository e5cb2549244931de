"""
`abm bench hold`: from the operator's call to the last command that moves.

The whole graph runs with the simulated arm in mode task, with both learners training. A node that
was discovered before asks the motor gate and System M in turn to hold, at random moments of the
control period. A label tells commands that move from a published standstill. The floor is a
service call that does nothing: get_state of a bare lifecycle node, in turns with the holds.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench("from the operator's hold to the last command, against a bare answer",
              'abm_ros.bench.hold.command')
