"""
Signals about what System A knows: its error, its uncertainty, novelty, progress and collapse.

Each class is an entry of the registry in `entry`.
"""

from math import isfinite, nan

from abm_ros.common.scaling import clip_unit, saturating
from abm_ros.common.telemetry import GraphTelemetry
from abm_ros.common.telemetry_fields import known
from abm_ros.meta.modes import Roles
from abm_ros.meta.signals.averages import Average
from abm_ros.meta.signals.config import MetaStateConfig
from abm_ros.meta.signals.entry import Momentary


def prediction_error(ratio: float) -> float:
    """
    Return the error of predictions: 1 for a model no better than persistence, 0 for a perfect one.

    :param ratio: squared error of the model over that of predicting no change; NaN without a model
        gives 1.
    """
    return clip_unit(ratio) if isfinite(ratio) else 1.0


class PredictionError(Momentary):
    """The error of the one-step prediction."""

    calibration = 'error of the one-step prediction, relative to predicting no change (1)'

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> float:
        return prediction_error(telemetry.system_a.prediction_error)


def uncertainty(disagreement: float) -> float:
    """
    Return the uncertainty: 0.5 where the members of the ensemble differ by a typical step.

    :param disagreement: variance of the predictions over the squared size of a typical step; NaN
        without an ensemble gives 1.
    """
    return saturating(disagreement) if isfinite(disagreement) else 1.0


class Uncertainty:
    """
    The averaged disagreement of the ensemble; 1 before the first update of the model.

    The members of an untrained ensemble agree. A value counts only if System A perceived something
    since the last tick: at rest it repeats its last value.
    """

    calibration = "disagreement of System A's ensemble, relative to the change predicted"

    def __init__(self, config: MetaStateConfig) -> None:
        self._doubt = Average(config.uncertainty_samples)
        self._latents = nan

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> float:
        told = telemetry.system_a
        seen, before = told.latents, self._latents
        self._latents = seen
        if telemetry.system_a_learner.version <= 0:
            return 1.0
        if isfinite(told.uncertainty) and seen != before:
            self._doubt.update(uncertainty(told.uncertainty))
        return known(self._doubt.value, 1.0)


def novelty(told: float) -> float:
    """Return the novelty that memory reports; 1 if it reports none."""
    return clip_unit(told) if isfinite(told) else 1.0


class Novelty(Momentary):
    """Distance of the newest observation to its nearest neighbours in memory."""

    calibration = ('distance of what is observed to its nearest neighbours in memory; 1 while '
                   'unknown')

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> float:
        return novelty(telemetry.episodic_memory.novelty)


def collapse(latent_rank: float, observation_rank: float) -> float:
    """
    Return the share of the observation's effective dimensions that the latents lost.

    It is 0 when the latents' effective rank is at least the observation's, and 1 when all latents
    lie on a line or in a point (rank 1). A plateau of the error does not change the rank.
    Source: Roy & Vetterli 2007 for the effective rank.
    """
    if not observation_rank > 1.0 or not isfinite(latent_rank):
        return 0.0
    return clip_unit((observation_rank - latent_rank) / (observation_rank - 1.0))


class Collapse(Momentary):
    """The share of the observation's dimensions that the latents lost."""

    calibration = "share of the observation's effective dimensions that the latents have lost"

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> float:
        told = telemetry.system_a_learner
        return collapse(told.effective_rank, told.observation_rank)


def learning_gain(slow: float, fast: float, floor: float) -> float:
    """
    Return the fall of an error from its slow to its fast average, relative to the slow one.

    It is 0 on a plateau or when the error grows. Whatever share of a negligible error is lost,
    nothing was gained.

    :param floor: is added to the slow average: of an error of this size half of the fall counts.
    """
    return clip_unit((slow - fast) / (slow + floor))


class LearningGain:
    """Fall of the prediction error, without the part that a collapse explains."""

    calibration = ('relative fall of the model error from a slow to a fast average; a negligible '
                   'error hardly counts')

    def __init__(self, config: MetaStateConfig) -> None:
        self._slow = Average(config.gain_slow_samples)
        self._fast = Average(config.gain_fast_samples)
        self._floor = config.gain_floor
        self._error, self._collapse = PredictionError(config), Collapse(config)

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> float:
        error = self._error.update(telemetry, mode)
        gain = learning_gain(self._slow.update(error), self._fast.update(error), self._floor)
        return gain * (1.0 - self._collapse.update(telemetry, mode))
