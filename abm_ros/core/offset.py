"""
The steady part of the model's error here and now, so that plans can allow for it.

A model that is a little wrong in one place is wrong there in the same way at every step: a plan
in it comes to rest beside the goal. Source: Maeder, Borrelli, Morari 2009, "Linear offset-free
model predictive control", with a median in the place of an observer. What moves only now and then
(an object that is pushed) errs while it moves, and has no steady error. numpy only.
"""

from collections import deque

import numpy as np

WINDOW = 8          # errors that are remembered
_FEWEST = 3         # of which the median says something
_MEMORY = 500.0     # full actions over which it is known what moves with the robot
# Of (mean |step|)^2 / mean step^2: 1 for an even motion, 0.64 for a Gaussian one, and as much less
# as a number stands still while the robot acts. What is below the first is left alone.
_STILL, _MOVING = 0.42, 0.48


class Offset:
    """Estimates the steady error of one-step predictions within an episode."""

    def __init__(self) -> None:
        self._errors: deque[np.ndarray] = deque(maxlen=WINDOW)
        self._expected: tuple[np.ndarray, np.ndarray, float] | None = None
        self._weight, self._mean, self._power = 0.0, np.zeros(1), np.zeros(1)

    def reset(self) -> None:
        """Begin anew: nothing that was seen led to what comes."""
        self._errors.clear()
        self.forget()

    def forget(self) -> None:
        """Void what was expected alone: another version of the model reads latents from now."""
        self._expected = None

    def expect(self, latent: np.ndarray, action: np.ndarray, following: np.ndarray) -> None:
        """
        Take a step that begins.

        :param latent: (Z,) now.
        :param action: (A,) in [-1, 1] that was sent.
        :param following: (Z,), the model's own prediction.
        """
        self._expected = latent, following, float(np.square(action).mean())

    def observe(self, latent: np.ndarray) -> None:
        """Take the latent (Z,) that came."""
        if self._expected is not None:
            before, following, effort = self._expected
            self._errors.append(latent - following)
            self._weight = min(self._weight + effort, _MEMORY)
            rate = effort / max(self._weight, 1e-6)
            step = np.abs(latent - before)
            self._mean = self._mean + rate * (step - self._mean)
            self._power = self._power + rate * (np.square(step) - self._power)
        self.forget()

    def estimate(self) -> np.ndarray | float:
        """Return the error (Z,) to add to each prediction; 0 while little is known."""
        if len(self._errors) < _FEWEST:
            return 0.0
        even = np.square(self._mean) / np.maximum(self._power, 1e-12)
        share = np.clip((even - _STILL) / (_MOVING - _STILL), 0.0, 1.0)
        found: np.ndarray = (share * np.median(np.stack(self._errors), axis=0)).astype(np.float32)
        return found
