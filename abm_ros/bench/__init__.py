"""
Benchmarks: each measures its floor or baseline in the same run.

In: command-line arguments. Out: a table, and JSON with `--json`.
Each has a folder: `__init__` says what is measured, `command` declares options and reports, `run`
measures, `figures` computes; other files are floors and parts. `registry` finds them by name.
Imports everything but cli.
"""
