"""How much a transition proves that others with the same action did not prove before."""

from collections import deque

import numpy as np

RECENT = 8                 # actions that a repeated one is compared with
_REPEATED = 0.2            # share of an error that is new where the same was done before


class Repeats:
    """
    Follows the newest actions.

    :param repetition: root mean square by which two actions must differ to prove anything new.
    """

    def __init__(self, repetition: float) -> None:
        self._repetition = repetition
        self._acted: deque[np.ndarray] = deque(maxlen=RECENT)    # (A,)

    def news(self, action: np.ndarray) -> np.ndarray:
        """
        Return how much a transition proves after 0, 1, 2, ... others (RECENT + 1,), in [0, 1].

        A model errs in the same way wherever the same is done: an action that repeats one of the
        others proves little that it has not proved before.
        """
        apart = np.full(RECENT + 1, np.inf)
        for back, other in enumerate(reversed(self._acted), 1):
            apart[back] = np.square(action - other).mean()
        self._acted.append(np.asarray(action, np.float64))
        alike = np.exp(-np.minimum.accumulate(apart) / self._repetition ** 2)
        return np.asarray(1.0 - (1.0 - _REPEATED) * alike)
