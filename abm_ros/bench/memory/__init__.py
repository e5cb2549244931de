"""
`abm bench memory`: the durable record and its index, against a bare sqlite3 loop.

Floor and record write the same steps, each commit 50 of them, with the same durability
(write-ahead log, synchronous=FULL), in turns on the same disk. The floor does no more than make
a row of each step and insert it: no checks, no checksums, no summaries.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench('the durable record and its index in RAM, against a bare sqlite3 loop',
              'abm_ros.bench.memory.command')
