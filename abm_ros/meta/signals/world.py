"""Signals about which world the robot is in; entries of the registry in `entry`."""

from abm_ros.common.scaling import clip_unit
from abm_ros.common.telemetry import GraphTelemetry
from abm_ros.common.telemetry_fields import known
from abm_ros.meta.modes import Roles
from abm_ros.meta.signals.entry import Momentary


class Change(Momentary):
    """The evidence that the world is another one than the one that is believed."""

    calibration = ('evidence that the world changed, as a share of what is believed; 0 where '
                   'worlds are not told apart')

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> float:
        return clip_unit(known(telemetry.system_a.change, 0.0))


class WorldDoubt(Momentary):
    """How little is known of what actions do in the world that is believed."""

    calibration = ('how unknown the world is: 1 as it opens, 0 in the first world and where '
                   'worlds are not told apart')

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> float:
        return clip_unit(known(telemetry.system_a.doubt, 0.0))
