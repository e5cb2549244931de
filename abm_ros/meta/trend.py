"""Tells whether a noisy number rises: fits a line to block means and tests its slope."""

import numpy as np

_MOST = 24           # block means that a line is fitted to; twice as many are merged in pairs
_LEAST = 6           # with fewer block means the rise is 0
_SURE = 2.5          # standard errors by which the slope must exceed 0
_LEAST_FREE = 2.5    # independent means needed for the error of the slope


class Trend:
    """
    A number over time, as means of blocks of equal length (decision 0043).

    A number that is itself an average has correlated block means, and any wave would look like a
    trend. So the error of the slope counts only independent means, by the lag-1 autocorrelation of
    the residuals (Santer et al. 2000, J. Geophys. Res. 105).
    """

    def __init__(self, block_s: float) -> None:
        """:param block_s: length of the first blocks, s; it doubles as blocks accumulate."""
        self._first_s = block_s
        self.restart()

    def restart(self) -> None:
        """Drop all blocks."""
        self.means: list[float] = []
        self._block_s = self._first_s
        self._sum = self._passed_s = 0.0

    def take(self, value: float, elapsed_s: float) -> bool:
        """Take the value over the time since the last call; tell whether a block is complete."""
        self._sum += value * elapsed_s
        self._passed_s += elapsed_s
        if self._passed_s < self._block_s - 1e-6:
            return False
        self.means.append(self._sum / self._passed_s)
        self._sum = self._passed_s = 0.0
        if len(self.means) >= 2 * _MOST:
            self.means = [(a + b) / 2 for a, b in zip(self.means[::2], self.means[1::2],
                                                      strict=True)]
            self._block_s *= 2
        return True

    @property
    def rise(self) -> float:
        """The rise from the first block to the last; 0 unless it is significant."""
        count = len(self.means)
        if count < _LEAST:
            return 0.0
        values = np.array(self.means) - np.mean(self.means)
        times = np.arange(count) - (count - 1) / 2
        slope = float(times @ values / (times @ times))
        left = values - slope * times
        noise = float(left @ left)
        if noise > 1e-12:
            alike = max(0.0, float(left[1:] @ left[:-1]) / noise)
            free = count * (1 - alike) / (1 + alike)
            if free <= _LEAST_FREE or slope < _SURE * np.sqrt(
                    noise / (free - 2) / (times @ times)):
                return 0.0
        return max(0.0, slope * (count - 1))
