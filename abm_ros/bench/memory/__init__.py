"""
`abm bench memory`: the durable record and its index, against a bare sqlite3 loop.

Floor and record write the same steps in turns, to the same disk, in commits of 50 steps, with the
same durability (write-ahead log, synchronous=FULL). The floor only inserts a row per step: no
checks, no checksums, no summaries.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench('the durable record and its index in RAM, against a bare sqlite3 loop',
              'abm_ros.bench.memory.command')
