"""Whether a noisy number rises: a line through block means, and how sure its slope is."""

import numpy as np

_MOST = 24           # block means from which a line is drawn; twice as many are halved
_LEAST = 6           # with fewer nothing is said
_SURE = 2.5          # standard errors by which the slope must differ from none
_LEAST_FREE = 2.5    # independent means that a slope with an error needs


class Trend:
    """
    The course of a number since it began, as means of blocks of equal length.

    Neighbouring means resemble each other where the number is itself an average, which would
    make any wave look like a trend: as many means count as are independent of each other, by the
    lag-1 autocorrelation of what is left of the line (Santer et al. 2000, J. Geophys. Res. 105).
    """

    def __init__(self, block_s: float) -> None:
        """:param block_s: length of the first blocks, s; it doubles as the course grows."""
        self._first_s = block_s
        self.restart()

    def restart(self) -> None:
        """Forget all that was taken."""
        self.means: list[float] = []
        self._block_s = self._first_s
        self._sum = self._passed_s = 0.0

    def take(self, value: float, elapsed_s: float) -> bool:
        """Take the value of the time since the last call; tell whether a block is complete."""
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
        """How much the number has risen from the first block to the last, 0 when not for sure."""
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
