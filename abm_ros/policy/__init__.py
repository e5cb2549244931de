"""
System B: a goal-conditioned actor, its critics, and a planner in System A's latent space.

In: latents, goals, and batches to learn from. Out: normalised actions; snapshots.
`contract` says what others may ask of it and how another System B is added. `actor_learner`
trains (torch); `controller` acts and `planner` searches (onnxruntime); `exploration` decides what
an episode is spent on; `model_bias` corrects the model where it errs steadily.
Imports common and world_model.
"""
