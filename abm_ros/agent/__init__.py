"""
The whole agent in one process, and the loop of agent and body.

In: observations of a body. Out: actions; the same, step by step, as the lock-stepped graph.
`agent` learns, `frozen` only acts, `life` steps a body with either.
Imports every room of algorithms, and bodies.
"""
