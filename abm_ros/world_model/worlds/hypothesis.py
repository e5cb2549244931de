"""A world that may be another one than is believed, and what speaks for it."""

from dataclasses import dataclass
from enum import Enum

from abm_ros.world_model.worlds.actuator_map import ActuatorMap

_LATE = 5      # transitions over which an error is averaged


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
    evidence since the world that is believed began. `missed` is the squared error of the world
    that is believed in the last transitions, as a share of that of predicting no change.
    """

    world: int
    map: ActuatorMap
    threshold: float
    learns: Change | None = None
    evidence: float = 0.0
    steps: int = 0
    total: float = 0.0
    rival: bool = False
    missed: float = 0.0

    def miss(self, squared: float) -> None:
        """Take the squared error of the world that is believed, in the transition just counted."""
        self.missed += (squared - self.missed) / min(self.steps, _LATE)

    def is_ripe(self, min_steps: int, contrast: float) -> bool:
        """
        Tell whether this world is to be believed.

        :param contrast: how much the world that is believed must have missed of late, for a new
            one. A model that is young errs more in one place than in another, and some map
            always explains a part of it.
        """
        if self.evidence <= self.threshold or self.steps < min_steps:
            return False
        return self.learns is None or self.rival or self.missed >= contrast
