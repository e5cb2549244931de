"""How far each number usually moves in a step: the unit in which its errors count."""

import numpy as np

_FLOOR = 0.02      # least step, as a share of the number's own deviation
_TINY = 1e-9
_JUMPY = 0.5      # step, as a share of its deviation, of a number that has no lasting value


class StepUnits:
    """
    Follows steps and deviations of plain numbers.

    :param size: V.
    :param memory: transitions over which they are averaged.
    """

    def __init__(self, size: int, memory: float) -> None:
        self._memory, self._seen = memory, 0
        self._mean, self._square, self._step = np.zeros((3, size))

    def take(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Take a transition from numbers (V,) to numbers (V,) and return their units (V,)."""
        self._seen += 1
        rate = max(1.0 / self._seen, 1.0 / self._memory)
        after = np.asarray(after, np.float64)
        self._mean += rate * (after - self._mean)
        self._square += rate * (np.square(after - self._mean) - self._square)
        self._step += rate * (np.square(after - before) - self._step)
        return np.sqrt(np.maximum(self._step, _FLOOR ** 2 * self._square)) + _TINY

    @property
    def steady(self) -> np.ndarray:
        """Standard deviation (V,) of numbers that change little in a step; 0 of others."""
        deviation = np.sqrt(self._square)
        return np.where(np.sqrt(self._step) < _JUMPY * deviation, deviation, 0.0)
