"""
The window: System M at a glance, as an rqt plugin and as `abm dashboard`.

In: what is on topics already, and the graph as it is. Out: pictures, and what an operator asks.
`seen.py` and `pathways.py` know neither Qt nor ROS; `listener.py` and `operator_desk.py` know ROS;
the rest is Qt, of whichever binding rqt has loaded (`qt.py`).
Imports common, meta (its tables and texts) and ros.
"""
