"""How much a transition proves that others did not prove before: by its action, or its place."""

from collections import deque

import numpy as np

_REPEATED = 0.2            # share of an error that is new where the same was done before


class Repeats:
    """
    Follows the newest actions, or places.

    :param apart: root mean square by which two must differ to prove anything new.
    :param recent: how many a new one is compared with.
    """

    def __init__(self, apart: float, recent: int) -> None:
        self.recent, self._apart = recent, apart
        self._seen: deque[np.ndarray] = deque(maxlen=recent)

    def news(self, now: np.ndarray) -> np.ndarray:
        """
        Return how much a transition proves after 0, 1, 2, ... others (recent + 1,), in [0, 1].

        A model errs in the same way wherever the same is done: what repeats one of the others
        proves little that it has not proved before.
        """
        apart = np.full(self.recent + 1, np.inf)
        for back, other in enumerate(reversed(self._seen), 1):
            apart[back] = np.square(now - other).mean()
        self._seen.append(np.asarray(now, np.float64))
        alike = np.exp(-np.minimum.accumulate(apart) / self._apart ** 2)
        return np.asarray(1.0 - (1.0 - _REPEATED) * alike)
