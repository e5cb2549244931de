"""
The effectors of System M: they carry decisions out on the running graph.

In: decisions. Out: lifecycle transitions, parameters, signal topics, diagnostics.
`conductor` observes, decides and acts once per tick. `faults` detects and repairs faults of the
graph; `gate_control` shuts and opens the motors; `interventions` handles the operator's overrides;
`modulator` and `rewirer` change the nodes; `audit_writer` records everything first.
Imports common, meta and ros.
"""
