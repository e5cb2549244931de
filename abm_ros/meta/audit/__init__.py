"""
The audit log: append-only, hash-chained, and re-checked decision by decision.

In: records of decisions, interventions and faults. Out: proof that none was edited, cut or moved.
`log` writes and verifies the chain, `head` seals its end, `trail` explains it.
Imports common and meta.
"""
