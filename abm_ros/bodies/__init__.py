"""
Simulated bodies: an arm in PyBullet and any gymnasium goal environment. No ROS here.

Importing this layer imports neither simulator; `make.make_body` does when a body is made.
"""
