"""
What own experience says of a place where a teacher showed a success (decisions 0061 and 0068).

Memory judges by it whether to trust, and System B whether to go on trying.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from abm_ros.common.spec import ObservationSpec

# Observations near a place, told to be no success, that refute it; near: in tolerances.
VISITS, NEAR = 3, 0.5
# The newest own successes that are remembered.
_SUCCESSES = 32


@dataclass
class Verdict:
    """Of one place (G,): `held` is None as long as nothing is known of it."""

    place: np.ndarray
    held: bool | None = None
    visits: int = 0

    def see(self, spec: ObservationSpec, achieved: np.ndarray, *, success: bool) -> None:
        """
        Take what was achieved (G,), and whether the task told that it is a success.

        A success within the tolerance confirms: it ends many an episode before the place itself is
        reached. Only what happens closer by refutes.
        """
        if self.held is not None:
            return
        if success:
            self.held = True if spec.reached(achieved, self.place) else None
        elif spec.reached(achieved, self.place, NEAR):
            self.visits += 1
            self.held = False if self.visits >= VISITS else None


class OwnSuccesses:
    """
    Where the robot was told successes before.

    They confirm a claim at once. Failures from before do not refute it: the world may have
    changed, and the teacher may know.
    """

    def __init__(self, spec: ObservationSpec) -> None:
        self._spec = spec
        self._places: deque[np.ndarray] = deque(maxlen=_SUCCESSES)

    def __bool__(self) -> bool:
        return bool(self._places)

    def add(self, place: np.ndarray) -> None:
        """Remember a place (G,) where a success was told."""
        self._places.append(place.copy())

    def verdict(self, place: np.ndarray) -> Verdict:
        """Return what they say of a place (G,)."""
        there = bool(self._places) and self._spec.reached(np.stack(self._places), place).any()
        return Verdict(place, True if there else None)
