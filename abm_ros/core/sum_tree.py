"""Drawing places in proportion to weights that change."""

import numpy as np

_BRANCHES = 16     # five levels hold a million places; a level is one gather and one cumsum


class SumTree:
    """
    Weights of `capacity` places, with the sums of every 16 of them, of every 16 of those, ...

    A draw and a change cost O(16 log_16 capacity), all places of a call at once.
    Source: Schaul et al. 2016, Prioritized experience replay, appendix B.2.1 (there binary).
    """

    def __init__(self, capacity: int) -> None:
        self._levels: list[np.ndarray] = []
        size = capacity
        while True:
            groups = -(-size // _BRANCHES)
            self._levels.append(np.zeros((groups, _BRANCHES)))
            if groups == 1:
                break
            size = groups

    @property
    def total(self) -> float:
        """The sum of all weights."""
        return float(self._levels[-1].sum())

    def set(self, places: np.ndarray, weights: np.ndarray) -> None:
        """Give places (N,) their weights (N,), finite and at least 0."""
        self._levels[0].reshape(-1)[places] = weights
        for below, level in zip(self._levels[:-1], self._levels[1:], strict=True):
            places = np.unique(places // _BRANCHES)
            level.reshape(-1)[places] = below[places].sum(1)

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Return places (count,), each drawn in proportion to its weight; the total is above 0."""
        rest = rng.random(count) * self.total
        places = np.zeros(count, np.int64)
        for level in reversed(self._levels):
            sums = np.cumsum(level[places], 1)                    # (count, 16)
            # The first branch whose sum goes beyond the rest; never one of weight 0.
            branch = np.argmax(sums > np.minimum(rest, sums[:, -1] * (1 - 1e-12))[:, None], 1)
            rest -= np.where(branch > 0, sums[np.arange(count), branch - 1], 0.0)
            places = places * _BRANCHES + branch
        return places
