"""
Simulated bodies: an arm in PyBullet, and any gymnasium goal environment.

In: a body's name and settings, commands. Out: states of the body (`types`).
`registry` finds kinds of bodies by name; `make` makes a body and imports its simulator only then.
Imports common and robot.
"""
