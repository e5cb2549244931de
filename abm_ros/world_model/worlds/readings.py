"""
Which reading is off, if any: the evidence for an offset of each plain number by itself.

A joint whose calibration is off reads q + c. The model expects f(q) of what it is shown, so it
errs by c times the effect of the reading on its expectation. Each hypothesis is that one reading
alone is off, by a constant with a Gaussian prior; all share one linearisation at the offset that
is believed now. Shape letters: V plain numbers, R readings that are doubted.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from abm_ros.world_model.worlds.actuator_map import Outcome


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
        self.rival = False       # of a world that was believed instead, after the same change

    def observe(self, outcome: Outcome, columns: np.ndarray, tail: float,
                weigh: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
        """
        Take a transition.

        :param outcome: of the world in which no reading is off, with the effect of each offset.
        :param columns: (R,) where the offsets are among the parameters.
        :param tail: as in `log_likelihood`.
        :param weigh: makes evidence of log densities (R,) and how many transitions came before.
        """
        factor = np.linalg.cholesky(outcome.covariance)
        white = np.linalg.solve(factor, outcome.error)
        shown = np.linalg.solve(factor, outcome.effect[:, columns])          # (V, R)
        left = white[:, np.newaxis] - shown * self.offset
        along, power = (shown * left).sum(0), np.square(shown).sum(0)
        wider = 1.0 + self.variance * power
        squared = np.square(left).sum(0) - self.variance * np.square(along) / wider
        self.evidence += weigh(-0.5 * (tail + len(white)) * np.log1p(squared / tail)
                               - np.log(np.diag(factor)).sum() - 0.5 * np.log(wider), self.steps)
        self.offset += self.variance * along / wider
        self.variance /= wider
        self.steps += 1

    def drop(self, most_steps: int) -> None:
        """Begin those anew that nothing speaks for, or that were not believed for too long."""
        gone = (self.evidence <= 0.0) | (self.steps > most_steps)
        self.offset[gone] = self.evidence[gone] = 0.0
        self.variance[gone], self.steps[gone] = self.prior[gone], 0
