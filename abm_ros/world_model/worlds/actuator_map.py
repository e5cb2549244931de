"""
What executed actions do in one world: a Bayesian linear map to effective actions.

A motor that turns the other way, answers with less, does another's work, is stuck or drifts
changes what actions do and nothing else: kinematics, camera and objects stay. So the model of
System A keeps its meaning, for effective actions u = M a + b, and M and b are learned from a few
transitions. Prior and errors are Gaussian; the model is linearised at the map's mean (an extended
Kalman filter without process noise, i.e. recursive least squares).
Sources: Cully et al. 2015 (adaptation within a known repertoire); arXiv:1803.11347 (adaptation
from the last tens of steps); Ljung 1999, ch. 11 (recursive least squares).
Shape letters: A action, V plain numbers, N candidate actions.
"""

import functools
from dataclasses import dataclass

import numpy as np

_RIDGE = 1e-2     # keeps the inverse of a stuck actuator finite


@dataclass(frozen=True)
class Outcome:
    """
    What a map expected of one transition, and what came.

    In units of each number's usual step.
    """

    error: np.ndarray           # (V,) observed minus expected
    effect: np.ndarray          # (V, A + 1, A) flattened to (V, A * (A + 1)): d numbers / d map
    covariance: np.ndarray      # (V, V) of the error


@dataclass(frozen=True)
class ActuatorMap:
    """
    A Gaussian belief about u = M a + b.

    :param mean: (A, A + 1) float64, M beside b.
    :param covariance: (A * (A + 1),) * 2 float64, of the mean's rows one after another.
    """

    mean: np.ndarray
    covariance: np.ndarray

    @classmethod
    def identity(cls, size: int) -> 'ActuatorMap':
        """Return the map of a body that does what it is told, without a doubt."""
        mean = np.concatenate([np.eye(size), np.zeros((size, 1))], axis=1)
        return cls(mean, np.zeros((mean.size, mean.size)))

    def opened(self, gain: float, cross: float, bias: float) -> 'ActuatorMap':
        """
        Return the prior of a new world that follows this one.

        :param gain: standard deviation of the diagonal of M; `cross` of the rest; `bias` of b.
        """
        size = len(self.mean)
        spread = np.full(self.mean.shape, cross)
        spread[np.arange(size), np.arange(size)] = gain
        spread[:, size] = bias
        return ActuatorMap(self.mean, np.diag(np.square(spread).ravel()))

    @functools.cached_property
    def is_identity(self) -> bool:
        """Whether effective actions are the executed ones."""
        size = len(self.mean)
        return bool(np.array_equal(self.mean[:, :size], np.eye(size))
                    and not self.mean[:, size].any())

    def effective(self, action: np.ndarray) -> np.ndarray:
        """Return the effective actions (..., A) of executed ones (..., A), both float32."""
        if self.is_identity:
            return action
        size = len(self.mean)
        found = action @ self.mean[:, :size].T + self.mean[:, size]
        return np.asarray(found, np.float32)

    def intended(self, effective: np.ndarray) -> np.ndarray:
        """Return the actions (..., A) in [-1, 1] that come nearest to these effective ones."""
        if self.is_identity:
            return effective
        size = len(self.mean)
        gains = self.mean[:, :size]
        inverse = np.linalg.solve(gains.T @ gains + _RIDGE * np.eye(size), gains.T)
        found = (effective - self.mean[:, size]) @ inverse.T
        return np.asarray(np.clip(found, -1.0, 1.0), np.float32)

    def expect(self, action: np.ndarray, error: np.ndarray, jacobian: np.ndarray,
               own: np.ndarray) -> Outcome:
        """
        Put a transition in the terms of this map.

        :param action: (A,) executed.
        :param error: (V,) observed minus predicted at the mean's effective action.
        :param jacobian: (V, A) d numbers / d effective action, there.
        :param own: (V, V), covariance of the model's own error.
        """
        terms = np.append(np.asarray(action, np.float64), 1.0)
        effect = (jacobian[:, :, np.newaxis] * terms).reshape(len(error), -1)
        return Outcome(error, effect, effect @ self.covariance @ effect.T + own)

    def updated(self, outcome: Outcome) -> 'ActuatorMap':
        """Return the belief after a transition that this map put in its terms."""
        gain = np.linalg.solve(outcome.covariance, outcome.effect @ self.covariance).T
        mean = self.mean + (gain @ outcome.error).reshape(self.mean.shape)
        covariance = self.covariance - gain @ outcome.effect @ self.covariance
        return ActuatorMap(mean, (covariance + covariance.T) / 2)


def log_likelihood(outcome: Outcome, tail: float) -> float:
    """
    Return the log density of an error, up to a constant that all worlds share.

    A Student distribution: a single collision or blow must not prove another world.
    """
    factor = np.linalg.cholesky(outcome.covariance)
    white = np.linalg.solve(factor, outcome.error)
    size = len(white)
    return float(-0.5 * (tail + size) * np.log1p(white @ white / tail)
                 - np.log(np.diag(factor)).sum())
