"""
The durable record of a life: one SQLite file that survives kill -9 and a full disk.

In: lived steps. Out: the same steps, acknowledged once they are durable; damage is named.
`store` writes, `reader` reads, `verify` checks, `salvage` saves what a damaged file still holds.
Imports common.
"""
