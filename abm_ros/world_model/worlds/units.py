"""How far each number usually moves in a step: the unit in which its errors count."""

import numpy as np

_FLOOR = 0.02      # least step, as a share of the number's own deviation
_TINY = 1e-9


class StepUnits:
    """
    Follows steps and deviations of plain numbers.

    :param size: V.
    :param memory: transitions over which they are averaged.
    """

    def __init__(self, size: int, memory: float) -> None:
        self._memory, self._seen = memory, 0
        self._mean, self._square, self._step = np.zeros((3, size))

    def state(self) -> np.ndarray:
        """Return the statistics (4, V): how many steps, means, squares, steps."""
        return np.stack([np.full_like(self._mean, self._seen), self._mean, self._square,
                         self._step])

    def restore(self, state: np.ndarray) -> None:
        """Go on from the statistics of `state`."""
        self._seen = int(state[0, 0])
        self._mean, self._square, self._step = state[1:].copy()

    def take(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Take a transition from numbers (V,) to numbers (V,) and return their units (V,)."""
        self._seen += 1
        rate = max(1.0 / self._seen, 1.0 / self._memory)
        after = np.asarray(after, np.float64)
        self._mean += rate * (after - self._mean)
        self._square += rate * (np.square(after - self._mean) - self._square)
        self._step += rate * (np.square(after - before) - self._step)
        return np.sqrt(np.maximum(self._step, _FLOOR ** 2 * self._square)) + _TINY
