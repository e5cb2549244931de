"""
What every room may use: errors, settings, seeds, shapes, snapshots and names.

In: nothing. Out: `errors` (the one error tree), `config` (settings as frozen dataclasses),
`tables` (YAML, strictly read), `registry` (things found by name), `seeds`, `spec` (the layout
of observations and actions), `transition` (Observation, Step, Batch), `snapshot` (a model as
data), `telemetry` (what each node tells), `names` (nodes, topics), `nets` (functions over
parameters), `onnx_export` (the same as graphs).
Imports no other room.
"""
