"""
What looks at a running graph, or asks it something, from outside.

In: a namespace. Out: answers of nodes. Used by the command line and the window.
Imports common and the rest of ros.
"""
