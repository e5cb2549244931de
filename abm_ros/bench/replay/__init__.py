"""
`abm bench replay`: training System A on batches from the graph, against training in process.

One side is the graph's nodes `episodic_memory` and `system_a_learner`, one process each, wired as
in mode `sleep`: the learner asks for batches by credits and trains as fast as it can. The other
side is the same trainer on the same record in one process, at the same priority, which draws its
batches from the index itself. They take turns.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench('training on batches from the graph, against training in one process',
              'abm_ros.bench.replay.command')
