"""
The audit log: append-only and hash-chained; each decision in it can be made again.

In: records of decisions, interventions and faults. Out: proof that none was edited, cut or moved.
`log` writes and verifies the chain, `head` seals its end, `trail` explains records.
Imports common and meta.
"""
