"""Signals about the body: its energy, its load, over-force, and the need of sleep."""

from dataclasses import dataclass
from math import isfinite, nan

from abm_ros.common.scaling import clip_unit
from abm_ros.common.telemetry import GraphTelemetry, LearnerTelemetry
from abm_ros.common.telemetry_fields import known
from abm_ros.meta.modes import Roles
from abm_ros.meta.signals.averages import Average
from abm_ros.meta.signals.config import MetaStateConfig
from abm_ros.meta.signals.entry import Momentary
from abm_ros.meta.signals.lag import LearningLag

# Of learning, that is believed: one that stands still is mended by no sleep, but one sleep in 20
# usual spans costs little.
_LEAST_PACE = 0.05


class Energy(Momentary):
    """The charge of the battery; 1 for a robot that reports none."""

    calibration = 'battery charge'

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> float:
        return clip_unit(known(telemetry.sensory_gate.energy, 1.0))


class Stress:
    """The averaged load on the joints."""

    calibration = 'smoothed largest share of a joint effort limit in use'

    def __init__(self, config: MetaStateConfig) -> None:
        self._load = Average(config.stress_samples)

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> float:
        return clip_unit(self._load.update(known(telemetry.sensory_gate.effort_ratio, 0.0)))


def pain_from_effort(ratio: float) -> float:
    """Return pain from an effort ratio: 0 up to the limit, 1 at twice the limit."""
    return clip_unit(ratio - 1.0)


class Pain(Momentary):
    """Over-force, from the peak effort, since an impact is shorter than a tick."""

    calibration = 'over-force: how far a measured effort exceeds its limit, 1 at twice the limit'

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> float:
        told = telemetry.sensory_gate
        return pain_from_effort(max(known(told.effort_ratio, 0.0), known(told.effort_peak, 0.0)))


@dataclass
class SleepDebt:
    """
    Counts experience that sleep has not consolidated yet.

    A transition counts as consolidated after `replays` samples were replayed in sleep. A full load
    is `capacity` transitions. A computer that does only a share `pace` of the updates asked for
    takes longer for each sample: it consolidates a transition with that share of the samples, and
    sleeps after so many more transitions. Its sleeps are longer and rarer, and take no greater
    part of its time. Source: arXiv:2603.15381, B.2, and the homeostatic process of Borbely (1982)
    for the integrate-and-discharge form.
    """

    capacity: float
    replays: float
    load: float = 0.0
    pace: float = 1.0

    def wake(self, transitions: float) -> None:
        """Take newly recorded transitions."""
        self.load += max(0.0, transitions)

    def consolidate(self, samples: float) -> None:
        """Take samples replayed during sleep."""
        self.load = max(0.0, self.load - max(0.0, samples) / (self.replays * self.pace))

    def settle(self) -> None:
        """Take all as consolidated."""
        self.load = 0.0

    @property
    def value(self) -> float:
        """The pressure in [0, 1]."""
        return clip_unit(self.load * self.pace / self.capacity)


class SleepPressure:
    """
    The need of sleep: waking raises it, and only modes that consolidate lower it.

    It is 0 once consolidation gains neither learner anything more.
    """

    calibration = ('experience not yet consolidated, relative to a full load; 0 once '
                   'consolidation gains nothing more')

    def __init__(self, config: MetaStateConfig) -> None:
        self._debt = SleepDebt(config.sleep_capacity, config.consolidation_replays)
        self._lag = LearningLag(config)
        self._least_gain = config.consolidation_gain
        self._recorded = self._served = nan

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> float:
        self._debt.pace = max(_LEAST_PACE, 1.0 - self._lag.update(telemetry, mode))
        recorded, served = telemetry.episodic_memory.recorded, telemetry.episodic_memory.served
        if isfinite(recorded):
            # A restarted memory counts from 0 again: what it says then is all new.
            before = known(self._recorded, recorded)
            self._debt.wake(recorded - before if recorded >= before else recorded)
            self._recorded = recorded
        if isfinite(served):
            if mode.consolidates:
                self._debt.consolidate(served - known(self._served, served))
            self._served = served
        if (mode.consolidates and self._has_faded(telemetry.system_a_learner)
                and self._has_faded(telemetry.system_b_learner)):
            self._debt.settle()
        return self._debt.value

    def _has_faded(self, told: LearnerTelemetry) -> bool:
        # Of a learner that cannot tell, the gain is NaN, which is not below anything.
        return told.gain < self._least_gain
