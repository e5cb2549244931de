"""
The meta-states that System M sees: each an entry that reads telemetry and returns a number.

In: the telemetry of the nodes and the roles of the mode in force. Out: numbers in [0, 1].
`entry` says what an entry is and finds them by name: ours are in `epistemic`, `claims`, `species`
and `somatic`; other packages add theirs to the group `abm_ros.signals`.
Source: arXiv:2603.15381, table C.1.
Imports common, and competence and modes of meta.
"""
