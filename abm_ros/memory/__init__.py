"""
Episodic memory: keeps experience durably and replays it.

In: observations and executed actions (`recorder`). Out: batches for the learners.
`record/` is the durable store, `replay/` the index in RAM. `appraisal` judges experience by System
A's model, `forgetting` and `upkeep` keep the record small, `schedule` says when learning is due.
Imports common and world_model.
"""
