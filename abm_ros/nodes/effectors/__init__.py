"""
The hands of System M: what carries a decision out on the running graph.

In: decisions. Out: lifecycle transitions, parameters, signal topics, diagnostics.
Imports common, meta and ros.
"""
