"""Fitness of a life: the area under success, less harm, refused wishes, energy and work."""

from dataclasses import dataclass

from abm_ros.common.config import check, setting
from abm_ros.lives.lived import Lived

_FAILED = -1.0     # of a life that could not be lived: worse than a life without any success


@dataclass(frozen=True)
class FitnessConfig:
    """What harm, refusals, energy and work cost, in area under success (1 is a perfect life)."""

    unsafe: float = setting(0.1, 'cost of an unsafe command or an over-force', low=0.0, high=10.0)
    refused: float = setting(0.002, 'cost of a wish of phi that a rule refused', low=0.0, high=1.0)
    energy: float = setting(0.2, 'cost of a whole charge of the battery', low=0.0, high=10.0)
    work: float = setting(0.004, 'cost of an update of a learner per control step',
                          low=0.0, high=1.0)

    def __post_init__(self) -> None:
        check(self)

    def of(self, lived: Lived) -> float:
        """Return the fitness of a life."""
        if lived.failure:
            return _FAILED
        return (lived.area - self.unsafe * lived.unsafe - self.refused * lived.refused
                - self.energy * lived.energy - self.work * lived.updates / lived.steps)
