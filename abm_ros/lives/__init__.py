"""
A managed life in one process: body, Systems A and B, memory, and System M above them.

In: the script of a life, the settings of all parts, phi, a seed. Out: what was lived (`lived`).
`life` is the loop, in simulated time and the same for the same seed; `parts` does with the agent
what a row of the wiring table says; `telling` makes the telemetry that the nodes send.
Imports the rooms of algorithms, bodies and agent; knows no ROS.
"""
