"""
`abm bench forgetting`: how much of a first skill is left after a second was learned.

A point moves in a plane, first to goals on the left (task one), then to goals on the right (task
two), where its motors act in reverse. The record is too small for both tasks. A full record
forgets the oldest episode (`fifo`) or the one worth least (`worth`, `memory.forgetting`), and
replay is uniform or balanced. These are four agents with the same lives, learner, seeds and bytes,
so that each choice can be judged alone. Success on task one is evaluated throughout, without
learning. The figure is its last value over its peak. `second` is the final success on task two: a
skill must not be kept by learning nothing new.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench('an old skill after a new one, against first in, first out',
              'abm_ros.bench.forgetting.command')
