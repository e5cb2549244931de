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
GROWTH = 0.01                                   # of the events, after which they are weighed
_MIX = np.int64(-7046029254386353131)           # 2^64 over the golden ratio: mixes places


class Outcomes:
    """Weighs the events of a ring, anew whenever a hundredth of them has come since."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._known: dict[str, tuple[int, np.ndarray, np.ndarray]] = {}

    def draw(self, rng: np.random.Generator, count: int, source: str) -> np.ndarray:
        """Return the first steps (count,) of events; some must be held."""
        events = self._ring.starts(source).events
        known = self._known.get(source)
        if (known is None or events.taken >= known[0] * (1.0 + GROWTH)
                or known[1][-1] < events.first):
            known = self._known[source] = events.taken, *self._weigh(events.values())
        _, event, sums = known
        gone = int(np.searchsorted(event, events.first))      # overwritten since
        least = sums[gone - 1] if gone else 0.0
        at = np.searchsorted(sums, least + rng.random(count) * (sums[-1] - least), side='right')
        return event[np.clip(at, gone, len(event) - 1)]

    def _weigh(self, event: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        ring = self._ring
        led_to = ring.numbers[(event + 1) % ring.capacity, ring.spec.goal_slice]
        cells = np.floor(led_to / (CELL * ring.spec.goal_tolerance)).astype(np.int64)
        key = np.zeros(len(event), np.int64)
        for column in cells.T:
            key = (key + column) * _MIX
        _, which, size = np.unique(key, return_inverse=True, return_counts=True)
        return event, np.cumsum(1.0 / size[which])
