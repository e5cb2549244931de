"""
System B: a goal-conditioned actor, its critics, and a planner in System A's latent space.

In: latents, goals, and batches to learn from. Out: normalised actions; snapshots.
`contract` is what other rooms use, and says how to add another System B. `actor_learner` trains
(torch); `controller` acts and `planner` searches (onnxruntime); `exploration` decides what an
episode is spent on; `outcome_model` predicts what the task tells; `model_bias` estimates the
steady error of the model.
Imports common and world_model.
"""
