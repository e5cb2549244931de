"""Whether learning keeps up with what is lived; an entry of the registry in `entry`."""

from dataclasses import dataclass
from math import exp, isfinite, nan

from abm_ros.common.scaling import clip_unit
from abm_ros.common.telemetry import LEARNERS, GraphTelemetry, LearnerTelemetry
from abm_ros.common.telemetry_fields import known
from abm_ros.meta.modes import Roles
from abm_ros.meta.signals.config import MetaStateConfig

# From here on a computer is called slow: half of what was asked for does not take place.
_SLOW = 0.5


def slowness(lag: float) -> str:
    """Return what is told of a lag, '' where learning keeps up well enough."""
    return '' if lag < _SLOW else (
        f'the computer is slow: learning does {1.0 - lag:.1f} of the updates asked for')


@dataclass
class LearningPace:
    """
    Updates asked for and updates done, over about the last `memory` transitions lived.

    Late rounds are not made up for, so what lies further back says nothing of now.
    """

    memory: float
    lived: float = 0.0
    asked: float = 0.0
    done: float = 0.0

    def take(self, lived: float, asked: float, done: float) -> None:
        """Take transitions lived, and the updates that were asked for and done meanwhile."""
        keep = exp(-lived / self.memory)
        self.lived += lived
        self.asked = keep * self.asked + asked
        self.done = keep * self.done + done

    @property
    def lag(self) -> float:
        """The share of the updates asked for that were not done; 0 before there is a measure."""
        if self.lived < self.memory or self.asked <= 0.0:
            return 0.0
        return clip_unit(1.0 - self.done / self.asked)


def risen(now: float, before: float) -> float:
    """
    Return by how much a count rose; a first word says nothing.

    A restarted node counts from 0 again: what it says then is all new.
    """
    if not (isfinite(now) and isfinite(before)):
        return 0.0
    return now - before if now >= before else max(0.0, now)


class LearningLag:
    """
    How far the learners stay behind what they are asked for while the robot lives.

    What they do where the mode consolidates does not count: nothing is lived then.
    """

    calibration = ('share of the updates asked for by what was lived that did not take place, '
                   'of the learner that lags more')

    def __init__(self, config: MetaStateConfig) -> None:
        self._paces = {kind.node: LearningPace(config.lag_transitions) for kind in LEARNERS}
        self._updates = dict.fromkeys(self._paces, nan)
        self._recorded = nan

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> float:
        recorded = telemetry.episodic_memory.recorded
        lived = risen(recorded, self._recorded)
        self._recorded = known(recorded, self._recorded)
        for told in (telemetry.system_a_learner, telemetry.system_b_learner):
            self._follow(told, lived, mode)
        return max(pace.lag for pace in self._paces.values())

    def _follow(self, told: LearnerTelemetry, lived: float, mode: Roles) -> None:
        done = risen(told.updates, self._updates[told.node])
        self._updates[told.node] = known(told.updates, self._updates[told.node])
        if told.asked > 0 and not mode.consolidates:
            self._paces[told.node].take(lived, told.asked * lived, done)
