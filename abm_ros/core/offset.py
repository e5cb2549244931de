"""
The steady part of the model's error here and now, so that plans can allow for it.

A model that is a little wrong in one place is wrong there in the same way at every step: a plan
in it comes to rest beside the goal. Source: Maeder, Borrelli, Morari 2009, "Linear offset-free
model predictive control", with a median in the place of an observer: what errs once (an object
that is hit) is no steady error. numpy only.
"""

from collections import deque

import numpy as np

WINDOW = 8          # errors that are remembered
_FEWEST = 3         # of which the median says something


class Offset:
    """Estimates the steady error of one-step predictions within an episode."""

    def __init__(self) -> None:
        self._errors: deque[np.ndarray] = deque(maxlen=WINDOW)
        self._expected: np.ndarray | None = None

    def reset(self) -> None:
        """Begin anew: nothing that was seen led to what comes."""
        self._errors.clear()
        self.forget()

    def forget(self) -> None:
        """Void what was expected alone: another version of the model reads latents from now."""
        self._expected = None

    def expect(self, latent: np.ndarray) -> None:
        """Take the model's own prediction (Z,) of the next latent."""
        self._expected = latent

    def observe(self, latent: np.ndarray) -> None:
        """Take the latent (Z,) that came."""
        if self._expected is not None:
            self._errors.append(latent - self._expected)
        self.forget()

    def estimate(self) -> np.ndarray | float:
        """Return the error (Z,) to add to each prediction; 0 while little is known."""
        if len(self._errors) < _FEWEST:
            return 0.0
        found: np.ndarray = np.median(np.stack(self._errors), axis=0).astype(np.float32)
        return found
