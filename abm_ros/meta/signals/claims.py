"""Signals about success: its estimated probability, and the calibration of that estimate."""

from math import isfinite

from abm_ros.common.telemetry import GraphTelemetry, SystemBTelemetry
from abm_ros.meta.competence import Competence
from abm_ros.meta.modes import Roles
from abm_ros.meta.signals.config import MetaStateConfig

_MOST = 1000     # episodes taken at once, after a long silence


class ClaimedCompetence:
    """
    The estimated probability that the next task episode succeeds.

    It is the mean of the posterior `claims`, and the number that `calibration_error` judges.
    """

    calibration = 'chance that the next task episode succeeds; 0 before the first'

    def __init__(self, config: MetaStateConfig) -> None:
        self.claims = Competence(config.competence_episodes)
        self._counted: tuple[float, float] | None = None

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> float:
        self._count(telemetry.system_b)
        return self.claims.mean if self.claims.known else 0.0

    def _count(self, told: SystemBTelemetry) -> None:
        """Take the episodes since the last call."""
        now, before = (told.episodes, told.successes), self._counted
        if not (isfinite(told.episodes) and isfinite(told.successes)):
            return
        self._counted = now
        # A restarted System B counts from 0 again; a first report may be about an earlier life.
        if before is None or now[0] < before[0]:
            return
        new = min(int(now[0] - before[0]), _MOST)
        won = min(max(0, int(now[1] - before[1])), new)
        # The order of several episodes is unknown, so successes are spread evenly.
        for number in range(new):
            self.claims.episode((number + 1) * won // new > number * won // new)


class CalibrationError(ClaimedCompetence):
    """The calibration error of earlier estimates."""

    calibration = 'expected calibration error of claimed competence; 1 while unknown'

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> float:
        super().update(telemetry, mode)
        return self.claims.calibration_error
