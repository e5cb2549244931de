"""Draws places in proportion to weights that change."""

import numpy as np

_BLOCK = 1024
_LAST = 1.0 - 1e-12    # largest share searched for, so that rounding never leaves a block


class PrefixSums:
    """
    Weights of `capacity` places in blocks of 1,024, with the running sums of each block.

    A draw first updates the running sums of the blocks that changed since the last draw. Then two
    binary searches find all its places at once: the first among the blocks, the second among all
    places, in an array that never falls (a place's running share of its block, plus the block's
    number).

    It replaces a sum tree (Schaul et al. 2016, Prioritized experience replay, appendix B.2.1)
    where draws are many and changes come in batches.
    """

    def __init__(self, capacity: int) -> None:
        blocks = -(-capacity // _BLOCK)
        self._weights = np.zeros((blocks, _BLOCK))
        self._shares = np.arange(1.0, blocks + 1)[:, None] + self._weights
        self._sums = np.zeros(blocks)
        self._changed = np.zeros(blocks, np.bool_)

    @property
    def total(self) -> float:
        """The sum of all weights."""
        self._refresh()
        return float(self._sums.sum())

    def set(self, places: np.ndarray, weights: np.ndarray) -> None:
        """Give places (N,) their weights (N,), finite and at least 0."""
        self._weights.reshape(-1)[places] = weights
        self._changed[places // _BLOCK] = True

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """
        Draw places in proportion to their weights, whose total is above 0.

        :return: (count,), in increasing order.
        """
        self._refresh()
        ends = np.cumsum(self._sums)
        # Sorted, since neighbouring searches then touch the same memory.
        point = np.sort(rng.random(count)) * (_LAST * ends[-1])
        # The first block, and the first place, whose end lies beyond it: never one of weight 0.
        block = np.searchsorted(ends, point, 'right')
        share = 1.0 - (ends[block] - point) / self._sums[block]
        return np.searchsorted(self._shares.reshape(-1), block + np.clip(share, 0.0, _LAST),
                               'right')

    def _refresh(self) -> None:
        blocks = np.flatnonzero(self._changed)
        if len(blocks):
            running = np.cumsum(self._weights[blocks], 1)
            sums = self._sums[blocks] = running[:, -1]
            running /= np.where(sums > 0.0, sums, 1.0)[:, None]
            running[sums == 0.0] = 1.0
            self._shares[blocks] = blocks[:, None] + running
            self._changed[blocks] = False
