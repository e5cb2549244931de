"""
One file per node of the graph; each converts messages, calls a room, and publishes.

In and out: the topics that docs/REFERENCE.md lists.
Imports every room but exchange, bringup, bench and cli.
"""
