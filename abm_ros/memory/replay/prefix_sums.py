"""Drawing places in proportion to weights that change."""

import numpy as np

_BLOCK = 1024
_LAST = 1.0 - 1e-12    # the largest share looked for, so that rounding never leaves a block


class PrefixSums:
    """
    Weights of `capacity` places in blocks of 1,024, with the running sums of each block.

    Running sums are worked out anew at a draw, for the blocks that changed since the last. A draw
    is then two binary searches for all its places at once: among the blocks, and among all
    places, whose running shares of their blocks, each plus its block's number, never fall.

    It does what a sum tree does (Schaul et al. 2016, Prioritized experience replay, appendix
    B.2.1) for draws that are many and changes that come in batches.
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
        # In order, since neighbouring searches then go the same way through memory.
        point = np.sort(rng.random(count)) * (_LAST * ends[-1])
        # The first block, and the first place, whose end lies beyond: never one of weight 0.
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
