"""
Simulated bodies: an arm in PyBullet, and any gymnasium goal environment.

In: a body's name and settings, commands. Out: states of the body (`types`). `registry` finds kinds
of bodies by name; `make.make_body` makes one and imports its simulator then. Imports common and
robot.
"""
