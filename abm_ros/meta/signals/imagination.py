"""The signal that calls for imagination; an entry of the registry in `entry`."""

from math import nan

from abm_ros.common.scaling import clip_unit
from abm_ros.common.telemetry import GraphTelemetry
from abm_ros.common.telemetry_fields import known
from abm_ros.meta.modes import Roles
from abm_ros.meta.signals.config import MetaStateConfig
from abm_ros.meta.signals.lag import risen


class ImaginationPressure:
    """
    Experience that nothing was imagined from yet, at most a full load.

    Replay of imagined experience lowers it. Where System A refuses to dream, since its model fails
    on lived experience, it begins anew: only more experience can mend that.
    """

    calibration = ('experience not yet imagined from, relative to a full load; 0 after the model '
                   'proved too bad to dream in')

    def __init__(self, config: MetaStateConfig) -> None:
        self._capacity, self._replays = config.imagination_capacity, config.imagination_replays
        self._load = 0.0
        self._recorded = self._served = self._refused = nan

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> float:
        memory, refused = telemetry.episodic_memory, telemetry.system_a.dreams_refused
        self._load += risen(memory.recorded, self._recorded)
        self._load -= risen(memory.imagined_served, self._served) / self._replays
        self._load = min(max(self._load, 0.0), self._capacity)
        if risen(refused, self._refused):
            self._load = 0.0
        self._recorded = known(memory.recorded, self._recorded)
        self._served = known(memory.imagined_served, self._served)
        self._refused = known(refused, self._refused)
        return clip_unit(self._load / self._capacity)
