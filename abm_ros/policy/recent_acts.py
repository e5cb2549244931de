"""What is told of the last actions: how far they spread, and how many were searched for."""

import math
from collections import deque

import numpy as np

_RECENT = 64


class RecentActs:
    """Keeps the last actions of System B."""

    def __init__(self) -> None:
        self._actions: deque[np.ndarray] = deque(maxlen=_RECENT)
        self._searched: deque[bool] = deque(maxlen=_RECENT)

    def take(self, action: np.ndarray, *, searched: bool) -> None:
        """Take an action (A,), and whether the next one was searched for."""
        self._actions.append(action)
        self._searched.append(searched)

    def clear(self) -> None:
        """Forget the actions, whose spread says nothing of what comes after a pause."""
        self._actions.clear()

    @property
    def deliberation(self) -> float:
        """The share that was searched for; NaN before there is any."""
        return float(np.mean(self._searched)) if self._searched else math.nan

    @property
    def spread(self) -> float:
        """The standard deviation of the actions; NaN while there are too few."""
        return (float(np.std(self._actions, axis=0).mean())
                if len(self._actions) == _RECENT else math.nan)
