"""
Episodic memory: what was lived, kept durably and replayed.

In: observations and executed actions (`recorder`). Out: batches for the learners.
`record/` is the durable store, `replay/` the index in RAM, `appraisal` tells what System A makes
of it, `forgetting` and `upkeep` keep the record small, `schedule` says when learning is due.
Imports common and world_model.
"""
