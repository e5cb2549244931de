"""
`abm bench hold`: from the operator's call to the last command that moves.

The whole graph runs with the simulated arm, in task, both learners training. Holds are asked of
the motor gate and of System M in turn, at random moments of the control period, by a node that
was matched before. Commands are told apart by their label: a standstill is published, but moves
nothing. The floor is the least that any call can take: the answer of a bare lifecycle node to
get_state, in turns with the holds.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench("from the operator's hold to the last command, against a bare answer",
              'abm_ros.bench.hold.command')
