"""The signal that calls for imitation; an entry of the registry in `entry`."""

from abm_ros.common.scaling import clip_unit
from abm_ros.common.telemetry import GraphTelemetry
from abm_ros.common.telemetry_fields import known
from abm_ros.meta.modes import Roles
from abm_ros.meta.signals.entry import Momentary


class Demonstration(Momentary):
    """A demonstration that waits to be observed, as much as its teacher is trusted."""

    calibration = 'trust in the teacher of a demonstration that waits; 0 for none'

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> float:
        return clip_unit(known(telemetry.sensory_gate.demonstration, 0.0))
