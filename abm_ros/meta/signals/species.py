"""Species-specific signals: a pointing marker, and looming."""

from abm_ros.common.scaling import clip_unit
from abm_ros.common.telemetry import GraphTelemetry
from abm_ros.meta.modes import Roles
from abm_ros.meta.signals.entry import Momentary

LOOMING_CONTACT_S = 0.5     # an arm of 1 m/s needs about this to stop and yield


class PointingCue(Momentary):
    """The share of camera images with a pointing marker."""

    calibration = 'share of the last camera images that show a pointing marker'

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> float:
        return clip_unit(telemetry.sensory_gate.cue)


def looming(rate: float) -> float:
    """
    Return looming from the inverse time to contact.

    It is linear in the rate, by which animals time their retreat: 0 if nothing approaches, 0.5 one
    second before contact, 1 at half a second or less. Source: Lee 1976.

    :param rate: inverse time to contact, 1/s, from the sensory gate's detector.
    """
    return clip_unit(LOOMING_CONTACT_S * rate)


class Looming(Momentary):
    """Nearness of a collision."""

    calibration = 'nearness of a collision: 0.5 s / time to contact, at most 1'

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> float:
        return looming(telemetry.sensory_gate.looming)
