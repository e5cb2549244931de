"""
The meta-states of System M: each is an entry that reads telemetry and returns a number.

In: the telemetry of the nodes and the roles of the mode in force. Out: numbers in [0, 1].
`entry` defines entries and finds them by name. Ours are in `epistemic`, `claims`, `species`,
`somatic` and `lag`; other packages add theirs to the group `abm_ros.signals`.
Source: arXiv:2603.15381, table C.1.
Imports common, and competence and modes of meta.
"""
