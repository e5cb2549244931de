"""Motor babbling: System B's actions while it has no model."""

from math import erf, sqrt

import numpy as np


class Babble:
    """
    Actions that are correlated in time and uniform over the whole range.

    They are an autoregressive Gaussian process, mapped through its distribution function.

    :param rng: source of the noise.
    :param size: A.
    :param correlation: from one step to the next, in [0, 1).
    """

    def __init__(self, rng: np.random.Generator, size: int, correlation: float) -> None:
        self._rng, self._kept = rng, correlation
        self._state = rng.standard_normal(size)

    def step(self) -> np.ndarray:
        """Return the next action (A,) float32 in [-1, 1]."""
        fresh = self._rng.standard_normal(self._state.shape)
        self._state = self._kept * self._state + sqrt(1 - self._kept ** 2) * fresh
        return np.array([erf(x / sqrt(2.0)) for x in self._state], np.float32)
