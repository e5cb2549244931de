"""
Which reading is off, if any: the evidence for an offset of each plain number by itself.

A joint whose calibration is off reads q + c. The model expects f(q) of what it is shown, so it
errs by c times the effect of the reading on its expectation. Each hypothesis is that one reading
alone is off, by a constant with a Gaussian prior; all share one linearisation at the offset that
is believed now. Shape letters: V plain numbers, R readings that are doubted.
"""

from dataclasses import dataclass

import numpy as np


@dataclass
class ReadingBank:
    """
    One hypothesis for each reading.

    :param prior: (R,) variance of each offset, in its own unit, squared.
    """

    prior: np.ndarray

    def __post_init__(self) -> None:
        self.offset, self.evidence = np.zeros((2, len(self.prior)))
        self.variance = self.prior.copy()
        self.steps = np.zeros(len(self.prior), int)

    def observe(self, error: np.ndarray, effect: np.ndarray, own: np.ndarray, tail: float,
                news: float) -> None:
        """
        Take a transition.

        :param error: (V,) of the world that is believed, in usual steps.
        :param effect: (V, R) d expected numbers / d offset, in usual steps.
        :param own: (V, V) covariance of the model's own error.
        :param tail: as in `log_likelihood`.
        :param news: share of the evidence that is new.
        """
        factor = np.linalg.cholesky(own)
        white, shown = np.linalg.solve(factor, error), np.linalg.solve(factor, effect)
        left = white[:, np.newaxis] - shown * self.offset                    # (V, R)
        along, power = (shown * left).sum(0), np.square(shown).sum(0)
        wider = 1.0 + self.variance * power
        squared = np.square(left).sum(0) - self.variance * np.square(along) / wider
        share = 0.5 * (tail + len(error))
        gained = share * (np.log1p(white @ white / tail) - np.log1p(squared / tail))
        self.evidence += news * (gained - 0.5 * np.log(wider))
        self.offset += self.variance * along / wider
        self.variance /= wider
        self.steps += 1

    def drop(self, most_steps: int) -> None:
        """Begin those anew that nothing speaks for, or that were not believed for too long."""
        gone = (self.evidence <= 0.0) | (self.steps > most_steps)
        self.offset[gone] = self.evidence[gone] = 0.0
        self.variance[gone], self.steps[gone] = self.prior[gone], 0
