"""
Benchmarks: each measures its floor or baseline in the same run.

In: command-line arguments. Out: a table, and JSON with `--json`.
Imports everything but cli.
"""
