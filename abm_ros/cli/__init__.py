"""
The command line `abm`: one file per subcommand.

In: arguments. Out: text, exit codes, files. Imports everything.
"""
