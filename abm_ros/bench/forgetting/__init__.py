"""
`abm bench forgetting`: what is left of a first skill after a second was learned, memory full.

A point moves in a plane: to goals on the left, task one, then to goals on the right, task two,
where its motors act in reverse. What is forgotten when the record is full is the oldest episode
(`fifo`), or what `memory.forgetting` finds worth least (`worth`), and replay draws uniformly or in
balance: four agents, the same lives, learner, seeds and bytes otherwise, so that each of the two
can be judged alone. Success on task one is evaluated throughout, without learning; its last
figure over its peak is what was kept. `second` is the success on task two at the end: what was
kept must not have been kept by learning nothing new.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench('an old skill after a new one, against first in, first out',
              'abm_ros.bench.forgetting.command')
