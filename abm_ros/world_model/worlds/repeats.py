"""How much a transition proves beside others: by its action, and by its place."""

from collections import deque

import numpy as np

# Of places: how many one is compared with; how far apart two are, and how near a familiar one is,
# in usual deviations; how many transitions ago the robot was there, and how many are known.
RECENT_PLACES, _APART, _FAMILIAR = 40, 0.2, 1.0
_LONG_AGO, _KNOWN = 100, 400
_REPEATED = 0.2            # share of an error that is new where the same was done before


class Repeats:
    """
    Follows the newest actions, or places.

    :param apart: root mean square by which two must differ to prove anything new.
    :param recent: how many a new one is compared with.
    """

    def __init__(self, apart: float, recent: int) -> None:
        self._recent, self._apart = recent, apart
        self._seen: deque[np.ndarray] = deque(maxlen=recent)

    def news(self, now: np.ndarray) -> np.ndarray:
        """
        Return how much a transition proves after 0, 1, 2, ... others (recent + 1,), in [0, 1].

        A model errs in the same way wherever the same is done: what repeats one of the others
        proves little that it has not proved before.
        """
        apart = np.full(self._recent + 1, np.inf)
        for back, other in enumerate(reversed(self._seen), 1):
            apart[back] = np.square(now - other).mean()
        self._seen.append(np.asarray(now, np.float64))
        alike = np.exp(-np.minimum.accumulate(apart) / self._apart ** 2)
        return np.asarray(1.0 - (1.0 - _REPEATED) * alike)


class Places:
    """
    Follows where the robot has been, for a reading that may be off.

    What a model does not know of a place looks like a reading that is off; but that is off
    everywhere. So a place counts once, and only where the robot was long before.
    """

    def __init__(self) -> None:
        self._repeats = Repeats(_APART, RECENT_PLACES)
        self._been: deque[np.ndarray] = deque(maxlen=_LONG_AGO + _KNOWN)

    def news(self, place: np.ndarray) -> np.ndarray:
        """Return how much a transition proves, as `Repeats`, for a place in usual deviations."""
        known = np.array(self._been)[:-_LONG_AGO]
        self._been.append(np.asarray(place, np.float64))
        apart = np.square(known - place).mean(1).min() if len(known) else np.inf
        return np.asarray(np.exp(-apart / _FAMILIAR ** 2) * self._repeats.news(place))
