"""
The whole agent in one process, and its loop with a body.

In: observations of a body. Out: actions, step by step the same as in the lock-stepped graph.
`agent` learns, `frozen` only acts, `life` steps a body with either of them.
Imports every room of algorithms, and bodies.
"""
