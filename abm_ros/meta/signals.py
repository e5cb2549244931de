"""
The meta-states that System M sees: each is a number in [0, 1] with a stated calibration.

Epistemic: `prediction_error`, `uncertainty`, `novelty`, `learning_gain`, `collapse`,
`competence`, `calibration_error`. Species-specific: `cue`, `looming`.
Somatic: `energy`, `stress`, `pain`, `sleep_pressure`. Source: arXiv:2603.15381, table C.1.
"""

from dataclasses import dataclass

import numpy as np

from abm_ros.common.scaling import clip_unit, saturating

SIGNALS = {
    'prediction_error': 'error of the one-step prediction, relative to predicting no change (1)',
    'uncertainty': "disagreement of System A's ensemble, relative to the change predicted",
    'novelty': 'distance of what is observed to its nearest neighbours in memory; 1 while unknown',
    'learning_gain': 'relative fall of the model error from a slow to a fast average',
    'collapse': "share of the observation's effective dimensions that the latents have lost",
    'competence': 'chance that the next task episode succeeds; 0 before the first',
    'calibration_error': 'expected calibration error of claimed competence; 1 while unknown',
    'cue': 'share of the last camera images that show a pointing marker',
    'looming': 'nearness of a collision: 0.5 s / time to contact, at most 1',
    'energy': 'battery charge',
    'stress': 'smoothed largest share of a joint effort limit in use',
    'pain': 'over-force: how far a measured effort exceeds its limit, 1 at twice the limit',
    'sleep_pressure': 'experience not yet consolidated, relative to a full load',
}


def pain_from_effort(ratio: float) -> float:
    """Return pain from an effort ratio: 0 up to the limit, 1 at twice the limit."""
    return clip_unit(ratio - 1.0)


def prediction_error(ratio: float) -> float:
    """
    Return the error of predictions: 1 for a model no better than persistence, 0 for a perfect one.

    :param ratio: squared error of the model over that of predicting no change; NaN without a model
        gives 1.
    """
    return clip_unit(ratio) if np.isfinite(ratio) else 1.0


def uncertainty(disagreement: float) -> float:
    """
    Return the uncertainty: 0.5 where the members of the ensemble differ by a typical step.

    :param disagreement: variance of the predictions over the squared size of a typical step; NaN
        without an ensemble gives 1.
    """
    return saturating(disagreement) if np.isfinite(disagreement) else 1.0


def novelty(told: float) -> float:
    """Return the novelty that memory reports; 1 if it reports none."""
    return clip_unit(told) if np.isfinite(told) else 1.0


LOOMING_CONTACT_S = 0.5     # an arm of 1 m/s needs about this to stop and yield


def looming(rate: float) -> float:
    """
    Return looming from the inverse time to contact.

    It is linear in the rate, by which animals time their retreat: 0 if nothing approaches, 0.5 one
    second before contact, 1 at half a second or less. Source: Lee 1976.

    :param rate: inverse time to contact, 1/s, from the sensory gate's detector.
    """
    return clip_unit(LOOMING_CONTACT_S * rate)


def learning_gain(slow: float, fast: float) -> float:
    """
    Return the relative fall of an error from its slow to its fast average.

    It is 0 on a plateau or when the error grows, and 1 when the error fell to 0.
    """
    return clip_unit((slow - fast) / slow) if slow > 0 else 0.0


def collapse(latent_rank: float, observation_rank: float) -> float:
    """
    Return the share of the observation's effective dimensions that the latents lost.

    It is 0 when the latents' effective rank is at least the observation's, and 1 when all latents
    lie on a line or in a point (rank 1). A plateau of the error does not change the rank.
    Source: Roy & Vetterli 2007 for the effective rank.
    """
    if not observation_rank > 1.0 or not np.isfinite(latent_rank):
        return 0.0
    return clip_unit((observation_rank - latent_rank) / (observation_rank - 1.0))


@dataclass
class Average:
    """Exponential average with a time constant counted in samples."""

    samples: float
    value: float = float('nan')

    def update(self, value: float) -> float:
        """Take a sample and return the average; the first sample is the first average."""
        if np.isfinite(value):
            rate = 1.0 / self.samples
            self.value = value if np.isnan(self.value) else (
                self.value + rate * (value - self.value))
        return self.value


@dataclass
class SleepPressure:
    """
    Counts experience that sleep has not consolidated yet.

    A transition counts as consolidated after `replays` samples were replayed in sleep. A full load
    is `capacity` transitions. Source: arXiv:2603.15381, B.2, and the
    homeostatic process of Borbely (1982) for the integrate-and-discharge form.
    """

    capacity: float
    replays: float
    load: float = 0.0

    def wake(self, transitions: float) -> None:
        """Take newly recorded transitions."""
        self.load += max(0.0, transitions)

    def consolidate(self, samples: float) -> None:
        """Take samples replayed during sleep."""
        self.load = max(0.0, self.load - max(0.0, samples) / self.replays)

    @property
    def value(self) -> float:
        """The pressure in [0, 1]."""
        return clip_unit(self.load / self.capacity)
