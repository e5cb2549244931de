"""
The pictures and the page of a run.

In: the folder of a run, with the history that `abm sim` wrote and System M's audit log. Out: PNG
files and one HTML page that holds them. Draws with matplotlib; needs no ROS.
Imports common and meta (the audit log, and phi for the thresholds).
"""
