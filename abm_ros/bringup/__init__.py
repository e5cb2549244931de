"""
The processes of the graph, and how they are started.

In: a user's options (`GraphOptions`). Out: node processes, started by `ros2 launch`
(`launch_files`) or without it (`processes`).
Imports common, bodies and ros.
"""
