"""
Which world the robot is in: what its actions do now, and what they did in the worlds before.

In: one-step predictions of System A's model, executed actions, and what was observed next.
Out: a belief (`tracker`): the world's number, the evidence of a change, and the actuator map by
which executed actions become the effective ones that the model was trained on.
`actuator_map` is the model of one world, `expectation` what System A's model expects in it,
`readings` the test for a reading that is off, `scene` the test for a camera that was moved,
`hypothesis` a world that may be another one, `tracker` the sequential test between worlds.
Imports common.
"""
