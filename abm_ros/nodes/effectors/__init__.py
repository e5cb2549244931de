"""
The hands of System M: what carries a decision out on the running graph.

In: decisions. Out: lifecycle transitions, parameters, signal topics, diagnostics.
`conductor` looks, decides and acts once per tick. `faults` knows what is wrong with the graph and
repairs it; `gate_control` shuts and opens the motors; `interventions` takes the operator's word;
`modulator` and `rewirer` change the nodes; `audit_writer` puts it all on the record first.
Imports common, meta and ros.
"""
