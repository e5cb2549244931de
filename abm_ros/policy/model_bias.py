"""
Model bias: the steady part of the model's error, which plans allow for (decision 0028).

A model that is slightly wrong in one place errs there in the same way at every step, so a plan
comes to rest beside the goal. Source: Maeder, Borrelli, Morari 2009, "Linear offset-free model
predictive control", with a median instead of an observer. The prediction of an object that moves
seldom errs only while it moves; for goals about such an object the bias is 0. numpy only.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from abm_ros.common import config
from abm_ros.common.config import setting
from abm_ros.common.errors import ConfigError


@dataclass(frozen=True)
class BiasConfig:
    """When an error counts as steady."""

    bias_window: int = setting(8, 'errors of one-step predictions that are remembered',
                               low=1, high=1000)
    bias_fewest: int = setting(3, 'of which the median says something', low=1, high=1000)
    bias_memory: float = setting(500.0, 'full actions over which it is known what moves with the '
                                 'robot', low=1.0, high=1e6)
    # 1 for even motion, 0.85 for Gaussian motion in space, 0.64 on a line; less for an object
    # that stands still while the robot acts.
    bias_still: float = setting(0.55, '(mean step)^2 / mean step^2 of what the goal is about, up '
                                'to which nothing is allowed for', low=0.0, high=1.0)
    bias_moving: float = setting(0.6, 'the same, from which on all of the error is',
                                 low=0.0, high=1.0)

    def __post_init__(self) -> None:
        config.check(self)
        if self.bias_still >= self.bias_moving:
            raise ConfigError(f'BiasConfig: bias_still ({self.bias_still:g}) must be less than '
                              f'bias_moving ({self.bias_moving:g})')


class BiasEstimator:
    """Estimates the steady error of one-step predictions within an episode."""

    def __init__(self, settings: BiasConfig) -> None:
        self._settings = settings
        self._errors: deque[np.ndarray] = deque(maxlen=settings.bias_window)
        self._expected: np.ndarray | None = None
        self._before: tuple[np.ndarray, float] | None = None
        self._weight = self._mean = self._power = 0.0

    def reset(self) -> None:
        """Start over: the next observation does not follow from the last."""
        self._errors.clear()
        self._before = None
        self.forget()

    def forget(self) -> None:
        """Drop the pending prediction: latents come from another version of the model now."""
        self._expected = None

    def observe(self, latent: np.ndarray) -> None:
        """Take the latent (Z,) that was observed."""
        if self._expected is not None:
            self._errors.append(latent - self._expected)
        self.forget()

    def expect(self, following: np.ndarray, achieved: np.ndarray, action: np.ndarray) -> None:
        """
        Take a step at its beginning.

        :param following: (Z,), the model's prediction of the next latent.
        :param achieved: (G,), the achieved goal now.
        :param action: (A,) in [-1, 1] that was sent.
        """
        if self._before is not None:
            last, effort = self._before
            step = float(np.linalg.norm(achieved - last))
            self._weight = min(self._weight + effort, self._settings.bias_memory)
            rate = effort / max(self._weight, 1e-6)
            self._mean += rate * (step - self._mean)
            self._power += rate * (step ** 2 - self._power)
        self._before = achieved, float(np.square(action).mean())
        self._expected = following

    def estimate(self) -> np.ndarray | float:
        """Return the bias (Z,) to add to each prediction; 0 while too few errors are known."""
        cfg, even = self._settings, self._mean ** 2 / max(self._power, 1e-12)
        share = min(max((even - cfg.bias_still) / (cfg.bias_moving - cfg.bias_still), 0.0), 1.0)
        if len(self._errors) < cfg.bias_fewest or share == 0.0:
            return 0.0
        found: np.ndarray = np.float32(share) * np.median(np.stack(self._errors), axis=0)
        return found
