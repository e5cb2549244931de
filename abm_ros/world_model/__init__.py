"""
System A: a latent world model that learns from observation.

In: batches of replayed windows to learn from; observations and executed actions to act on.
Out: snapshots (weights and ONNX graphs); latents, prediction errors and uncertainty.
`contract` is what other rooms use, and says how to add another System A. Of the built-in one,
`ensemble_learner` trains (torch) and `latent_model` is the model; `perception` acts (onnxruntime).
Imports common.
"""
