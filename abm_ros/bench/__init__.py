"""
Benchmarks: each measures its floor or baseline in the same run.

In: command-line arguments. Out: a table, and JSON with `--json`.
A folder each: its `__init__` says what is measured; `command` has the options and reports, `run`
measures, `figures` computes, the rest are floors and parts. `registry` finds them by name.
Imports everything but cli.
"""
