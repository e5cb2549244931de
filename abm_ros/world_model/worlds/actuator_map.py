"""
What executed actions do in one world, and what is wrong with its readings: a Bayesian linear map.

A motor that turns the other way, answers with less, does another's work, is stuck or drifts
changes what actions do and nothing else: kinematics, camera and objects stay. So the model of
System A keeps its meaning, for effective actions u = M a + b, and M and b are learned from a few
transitions. The same holds for a joint whose calibration is off: the model keeps its meaning for
readings less an offset c, which the model's errors tell. Prior and errors are Gaussian; the model
is linearised at the map's mean (an extended Kalman filter without process noise, i.e. recursive
least squares).
Sources: Cully et al. 2015 (adaptation within a known repertoire); arXiv:1803.11347 (adaptation
from the last tens of steps); Ljung 1999, ch. 11 (recursive least squares).
Shape letters: A action, V plain numbers, N candidate actions, P = A (A + 1) + V parameters.
"""

import functools
from dataclasses import dataclass, field

import numpy as np

_RIDGE = 1e-2     # keeps the inverse of a stuck actuator finite


@dataclass(frozen=True)
class Outcome:
    """
    What a map expected of one transition, and what came.

    In units of each number's usual step.
    """

    error: np.ndarray           # (V,) observed minus expected
    effect: np.ndarray          # (V, P): d expected numbers / d parameters
    covariance: np.ndarray      # (V, V) of the error
    own: np.ndarray             # (V, V), the model's share of it


@dataclass(frozen=True)
class ActuatorMap:
    """
    A Gaussian belief about u = M a + b, and about the offset c of readings.

    :param mean: (A, A + 1) float64, M beside b.
    :param covariance: (P, P) float64, of the mean's rows one after another and the offset.
    :param offset: (V,) float64, by how much each plain number reads too large, in its own unit;
        () where no reading is doubted.
    """

    mean: np.ndarray
    covariance: np.ndarray
    offset: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def identity(cls, size: int, numbers: int = 0) -> 'ActuatorMap':
        """Return the map of a body that does what it is told and reads what is, without doubt."""
        mean = np.concatenate([np.eye(size), np.zeros((size, 1))], axis=1)
        return cls(mean, np.zeros((mean.size + numbers,) * 2), np.zeros(numbers))

    def opened(self, gain: float, cross: float, bias: float,
               offset: np.ndarray | float = 0.0) -> 'ActuatorMap':
        """
        Return the prior of a new world that follows this one.

        :param gain: standard deviation of the diagonal of M; `cross` of the rest; `bias` of b;
            `offset` of c, (V,).
        """
        size = len(self.mean)
        spread = np.full(self.mean.shape, cross)
        spread[np.arange(size), np.arange(size)] = gain
        spread[:, size] = bias
        doubt = np.zeros(len(self.offset)) + offset
        return ActuatorMap(self.mean, np.diag(np.square(np.append(spread.ravel(), doubt))),
                           self.offset)

    @functools.cached_property
    def doubts_actuators(self) -> bool:
        """Whether what actions do is still being learned."""
        return bool(self.covariance[:self.mean.size, :self.mean.size].any())

    @functools.cached_property
    def doubted_readings(self) -> np.ndarray:
        """Whether the offset of each reading (V,) is still being learned."""
        return np.diag(self.covariance)[self.mean.size:] > 0.0

    def true(self, numbers: np.ndarray) -> np.ndarray:
        """Return what plain numbers (..., V) float32 would read if no reading was off."""
        if not self.offset.any():
            return numbers
        return np.asarray(numbers - self.offset, np.float32)

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
        :param error: (V,) observed minus predicted at the mean's effective action and offset.
        :param jacobian: (V, A + V) d numbers / d effective action and offset, there; (V, A) if
            the map has no offset.
        :param own: (V, V), covariance of the model's own error.
        """
        terms = np.append(np.asarray(action, np.float64), 1.0)
        moved, size = jacobian[:, :len(self.mean)], len(error)
        effect = np.concatenate([(moved[:, :, np.newaxis] * terms).reshape(size, -1),
                                 jacobian[:, len(self.mean):]], axis=1)
        return Outcome(error, effect, effect @ self.covariance @ effect.T + own, own)

    def updated(self, outcome: Outcome, news: float = 1.0) -> 'ActuatorMap':
        """
        Return the belief after a transition that this map put in its terms.

        :param news: the share of what it proves that is new, in (0, 1].
        """
        told = outcome.covariance + (1.0 / news - 1.0) * outcome.own
        gain = np.linalg.solve(told, outcome.effect @ self.covariance).T
        change, size = gain @ outcome.error, self.mean.size
        covariance = self.covariance - gain @ outcome.effect @ self.covariance
        return ActuatorMap(self.mean + change[:size].reshape(self.mean.shape),
                           (covariance + covariance.T) / 2, self.offset + change[size:])


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
