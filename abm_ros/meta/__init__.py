"""
System M: from telemetry to a mode.

In: what the nodes tell. Out: meta-states in [0, 1], and one decision per tick (mode and
modulation) with the signals and drives that made it.
`signals` and `meta_state` normalise, `phi` prefers, `constraints` and `guards` forbid, `decision`
chooses as a pure function, `meta_control` brings them together; `wiring` is the table of modes.
Imports common.
"""
