"""
Exchange with other tools: MCAP bags and LeRobot data sets.

In: an episodic memory to export, or a bag or data set to import. Out: the one or the other.
Imports common, robot and memory; needs no ROS installation.
"""
