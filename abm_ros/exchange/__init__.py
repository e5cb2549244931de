"""
Files from and for other tools: MCAP bags and LeRobot data sets.

In: an episodic memory, or a bag of another robot. Out: the other one.
Imports common, robot and memory; needs no ROS installation.
"""
