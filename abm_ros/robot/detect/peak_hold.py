"""The largest value of the last moments."""

from collections import deque

import numpy as np


class PeakHold:
    """
    Holds the largest value of the last `window_s` seconds, since an impact is shorter than a tick.

    After `timeout_s` without a value it is 0: a silent sensor reports nothing.
    """

    def __init__(self, window_s: float, timeout_s: float) -> None:
        self._window_s = window_s
        self._timeout_s = timeout_s
        self._kept: deque[tuple[float, float]] = deque()    # falling values, the first is largest

    def take(self, now_s: float, value: float) -> None:
        """Take a value; ignore NaN."""
        if not np.isfinite(value):
            return
        while self._kept and self._kept[-1][1] <= value:
            self._kept.pop()
        self._kept.append((now_s, value))

    def value(self, now_s: float) -> float:
        """Return the largest value in the window, else the newest; 0 without any."""
        if self._kept and now_s - self._kept[-1][0] > self._timeout_s:
            self._kept.clear()
        while len(self._kept) > 1 and now_s - self._kept[0][0] > self._window_s:
            self._kept.popleft()
        return self._kept[0][1] if self._kept else 0.0
