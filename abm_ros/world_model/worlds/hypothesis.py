"""A world that may be another one than is believed, and what speaks for it."""

from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from abm_ros.world_model.worlds.actuator_map import ActuatorMap

_LATE = 5              # transitions over which an error is averaged
# The younger a model, the more plainly must it err where it is wrong: by this, times the square
# of its usual squared error, all numbers together or one of them by itself.
_CONTRAST = np.array([40.0, 80.0])
_CLEAR = 0.8           # but never by more than this share of the error of predicting no change
MOST = 1.0            # an error counts for no more than that of predicting no change
_EXPLAINED = 0.3       # of what was missed in one number, the share that a new world may miss too


class Change(Enum):
    """What may be another in a new world: few parameters are learned from few transitions."""

    GAINS = 'the gain of each actuator'
    ACTUATORS = 'what each actuator does, in any linear way'
    READING = 'the offset of one reading'


@dataclass
class Hypothesis:
    """
    Another world, its map, and the evidence for it since so many transitions.

    `learns` is what it learns; None for a known world, which has nothing to learn. A `rival`
    learned the same stretch as the world that is believed, in another way. `total` is all the
    evidence since the world that is believed began. `missed` (2, V) are the squared errors of the
    world that is believed, and of this one, in the last transitions, as shares of those of
    predicting no change, and `missed_in_all` the former's mean over all numbers; none counts for
    more than predicting no change.
    """

    world: int
    map: ActuatorMap
    threshold: float
    learns: Change | None = None
    evidence: float = 0.0
    steps: int = 0
    total: float = 0.0
    rival: bool = False
    missed: np.ndarray = field(default_factory=lambda: np.zeros((2, 1)))
    missed_in_all: float = 0.0

    def miss(self, believed: np.ndarray, own: np.ndarray) -> None:
        """Take the squared errors (V,) of both worlds in the transition just counted."""
        rate = 1.0 / min(self.steps, _LATE)
        self.missed = self.missed + rate * (np.minimum([believed, own], MOST) - self.missed)
        self.missed_in_all += rate * (min(float(believed.mean()), MOST) - self.missed_in_all)

    def is_ripe(self, min_steps: int, usual: np.ndarray) -> bool:
        """
        Tell whether this world is to be believed.

        A model that is young errs more in one place than in another, and some map always explains
        a part of it. So the world that is believed must have missed, of late, by much in all
        numbers together, or by much in one of them, which the new one explains (a single joint
        that sticks is seen in few numbers).

        :param usual: (V,), the usual squared error of each number.
        """
        if self.evidence <= self.threshold or self.steps < min_steps:
            return False
        if self.learns is None or self.rival:
            return True
        believed, own = self.missed
        plain = believed >= contrast(usual, 1)
        return bool(self.missed_in_all >= contrast(usual.mean(), 0)
                    or (plain & (own < _EXPLAINED * believed)).any())


def contrast(usual: np.ndarray, alone: int) -> np.ndarray:
    """
    Return how much a world must miss of late where it is another one.

    :param usual: the usual squared errors, of any shape.
    :param alone: 1 for a number by itself, 0 for all together.
    """
    return np.asarray(np.minimum(_CONTRAST[alone] * np.square(usual), _CLEAR))
