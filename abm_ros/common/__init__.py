"""
What every room may use: errors, settings, seeds, shapes, snapshots and names.

In: nothing. Out: `errors` (the one error tree), `config` (settings as frozen dataclasses),
`tables` (YAML, strictly read), `registry` (things found by name), `seeds`, `spec` (what an
observation and an action are), `transition` (Observation, Step, Batch), `snapshot` (a model as
data), `names` (nodes, topics), `nets` (functions over parameters), `onnx_export` (such functions
as graphs).
Imports no other room.
"""
