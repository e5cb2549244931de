"""
`abm bench imagine`: what imagining is worth to System B's policy, and how fast the graph dreams.

Success: an agent lives so many steps and learns from them, then some more that only judge its
model. From the same models System B then takes the same number of updates twice: on lived
experience, and in mode `imagine`, with half of the batches lived and half imagined. Both policies
act without planning in the same episodes. Figures are of pairs of one seed, with bootstrap
intervals; those of `damage` are of the same pairs in bad models. Speed: the nodes, wired as in
mode `imagine`, and the same dreams in one process take turns.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench('success of the policy with and without imagining, and dreams a second',
              'abm_ros.bench.imagine.command')
