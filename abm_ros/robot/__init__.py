"""
The robot's side of the graph, without ROS: its description, its senses, its motor guard.

In: a URDF, joint states, poses, images, normalised actions. Out: limits (`description`), tool
poses (`kinematics`), one observation stream (`fusion`), cues and looming (`detect`), and
commands within limits (`motor_guard`).
Imports common.
"""
