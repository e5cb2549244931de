"""
Events drawn so that every outcome counts alike, however seldom it came about.

An object that is pushed a hundred times for each time that it is lifted is lifted in no batch. So
the events of a source are weighed by one over how many of them led to the same place, in cells of
half a tolerance.
Source: Pong et al. 2020 (Skew-Fit: goals in inverse proportion to their density).
"""

import numpy as np

from abm_ros.core.ring import Ring

CELL = 0.5                                      # tolerances
_MIX = np.int64(-7046029254386353131)           # 2^64 over the golden ratio: mixes places


class Outcomes:
    """Weighs the events of a ring; what it computes depends on the events held alone."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._sums: dict[str, tuple[int, np.ndarray, np.ndarray]] = {}

    def draw(self, rng: np.random.Generator, count: int, source: str) -> np.ndarray:
        """Return the first steps (count,) of events; some must be held."""
        known = self._sums.get(source)
        if known is None or known[0] != self._ring.count:
            known = self._sums[source] = self._ring.count, *self._weigh(source)
        _, event, sums = known
        at = np.searchsorted(sums, rng.random(count) * sums[-1], side='right')
        return event[np.minimum(at, len(event) - 1)]

    def _weigh(self, source: str) -> tuple[np.ndarray, np.ndarray]:
        ring = self._ring
        event = ring.starts(source).events.values()
        led_to = ring.numbers[(event + 1) % ring.capacity, ring.spec.goal_slice]
        cells = np.floor(led_to / (CELL * ring.spec.goal_tolerance)).astype(np.int64)
        key = np.zeros(len(event), np.int64)
        for column in cells.T:
            key = (key + column) * _MIX
        _, which, size = np.unique(key, return_inverse=True, return_counts=True)
        return event, np.cumsum(1.0 / size[which])
