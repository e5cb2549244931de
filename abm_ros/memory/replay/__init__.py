"""
The replay index: the newest steps in RAM, and draws from them.

In: lived steps. Out: batches of windows, drawn uniformly, in reverse, or by priority.
Imports common and memory.record.blocks.
"""
