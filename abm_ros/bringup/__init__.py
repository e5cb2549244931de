"""
Which processes make up the graph, and how they are started.

In: what a user chose (`GraphOptions`). Out: node processes, by `ros2 launch` (`launch_files`) or
without it (`processes`).
Imports common, bodies and ros.
"""
