"""
The robot's side of the graph without ROS: what it is, what it senses, what it may do.

In: a URDF, joint states, poses, images, normalised actions. Out: limits (`description`), tool
poses (`kinematics`), one observation stream (`fusion`), cues and looming (`detect`), and
commands within limits (`motor_guard`).
Imports common.
"""
