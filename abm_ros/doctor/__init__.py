"""
What is wrong with a graph, and how to mend each of it.

In: a snapshot of the graph, the machine and what was heard for some seconds. Out: findings with a
fix each. `snapshot.py` and `checks.py` know no ROS; `look.py` takes the snapshot.
Imports common, robot (the limits of a description) and ros.
"""
