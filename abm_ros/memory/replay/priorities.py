"""
Priorities of transitions, and draws in proportion to them.

Uniform replay costs nothing here: the sums of a priority are built at its first draw, and each
draw adds the steps that came since.
"""

import numpy as np

from abm_ros.common.errors import StoreError
from abm_ros.memory.replay.prefix_sums import PrefixSums
from abm_ros.memory.replay.ring import Ring

# Schaul et al. 2016, table 3: p = (error + epsilon) ** alpha, proportional variant.
ALPHA, EPSILON = 0.6, 0.01
_COLUMNS = {'surprise': 'surprise', 'gain': 'gain', 'rarity': 'novelty'}
_UNKNOWN = 1.0     # of a step that was not appraised: it counts as surprising, new and rare


def of_each_world(ring: Ring, rng: np.random.Generator, count: int) -> np.ndarray:
    """
    Return first steps (count,) of lived transitions, as many from each world that is held.

    A world that was lived in briefly is so not drowned by a long one.
    """
    started = ring.starts('lived').transitions.values
    _, place, held = np.unique(np.take(ring.world, started % ring.capacity),
                               return_inverse=True, return_counts=True)
    by_world, first = np.argsort(place, kind='stable'), np.cumsum(held) - held
    turn = np.arange(count) % len(held)
    return started[by_world[first[turn] + (rng.random(count) * held[turn]).astype(np.int64)]]


class Priorities:
    """
    Weights of the lived transitions of a ring.

    'surprise' weighs by the error of System A's prediction (1: as wrong as predicting no change),
    'gain' by how much that error fell from the last appraisal to the newest, 'rarity' by novelty.
    """

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._sums: dict[str, PrefixSums] = {}
        self._taken: dict[str, int] = {}       # number of steps that each of them has taken in

    def appraise(self, step: np.ndarray, surprise: np.ndarray, novelty: np.ndarray) -> None:
        """
        Set the appraisal of transitions by System A's newest model.

        :param step: (N,) absolute numbers of their first steps; steps no longer held are skipped.
        :param surprise: (N,) at least 0.
        :param novelty: (N,) in [0, 1].
        """
        ring = self._ring
        held = (step >= ring.oldest) & (step < ring.count)
        slot, surprise, novelty = step[held] % ring.capacity, surprise[held], novelty[held]
        ring.gain[slot] = np.maximum(ring.surprise[slot] - surprise, 0.0)
        ring.surprise[slot], ring.novelty[slot] = surprise, novelty
        for kind, sums in self._sums.items():
            sums.set(slot, self._weights(kind, slot))

    def draw(self, rng: np.random.Generator, count: int, kind: str) -> np.ndarray:
        """
        Return the first steps (count,) of transitions, in proportion to their weights.

        :raises StoreError: no lived transition is held.
        """
        sums, ring = self._refreshed(kind), self._ring
        if not sums.total > 0.0:
            raise StoreError('replay holds no transition yet; wait until one is recorded')
        slot = sums.draw(rng, count)
        behind = (ring.count - 1 - slot) % ring.capacity
        return ring.count - 1 - behind

    def _refreshed(self, kind: str) -> PrefixSums:
        ring = self._ring
        if kind not in self._sums:
            self._sums[kind] = PrefixSums(ring.capacity)
        sums = self._sums[kind]
        if self._taken.get(kind) == ring.count:
            return sums
        # From the last step taken in, which had no successor then.
        fresh = np.arange(max(self._taken.get(kind, 0) - 1, ring.oldest), ring.count)
        if len(fresh):
            slot = fresh % ring.capacity
            sums.set(slot, self._weights(kind, slot))
            self._taken[kind] = ring.count
        return sums

    def _weights(self, kind: str, slot: np.ndarray) -> np.ndarray:
        values = getattr(self._ring, _COLUMNS[kind])[slot]
        known = np.where(np.isnan(values), _UNKNOWN, np.maximum(values, 0.0))
        return np.where(self._ring.starts_lived[slot], (known + EPSILON) ** ALPHA, 0.0)
