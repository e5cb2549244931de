"""The signals that call for imitation and observation; entries of the registry in `entry`."""

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


class Peer(Momentary):
    """The motion of a peer that waits to be observed, as much as the peer is trusted."""

    calibration = 'trust in a peer whose motion waits to be observed; 0 for none'

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> float:
        return clip_unit(known(telemetry.sensory_gate.peer, 0.0))
