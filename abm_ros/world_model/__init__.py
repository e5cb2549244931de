"""
System A: a latent world model that learns from observation.

In: batches of replayed windows to learn from; observations and executed actions to act on.
Out: snapshots (weights and ONNX graphs); latents, prediction errors and uncertainty.
`world_model` trains (torch), `perception` acts (onnxruntime); the rest are parts of the model.
Imports common.
"""
