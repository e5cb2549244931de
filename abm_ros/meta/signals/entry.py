"""The protocol of signals and their registry, the group `abm_ros.signals`."""

from collections.abc import Mapping
from typing import ClassVar, Protocol

from abm_ros.common.errors import ConfigError
from abm_ros.common.registry import Registry
from abm_ros.common.telemetry import GraphTelemetry, SystemMTelemetry
from abm_ros.common.telemetry_fields import schema
from abm_ros.meta.modes import Roles
from abm_ros.meta.signals.config import MetaStateConfig

_OURS = 'abm_ros.meta.signals'
SIGNALS = Registry('abm_ros.signals', {
    'prediction_error': f'{_OURS}.epistemic:PredictionError',
    'uncertainty': f'{_OURS}.epistemic:Uncertainty',
    'novelty': f'{_OURS}.epistemic:Novelty',
    'learning_gain': f'{_OURS}.epistemic:LearningGain',
    'collapse': f'{_OURS}.epistemic:Collapse',
    'change': f'{_OURS}.world:Change',
    'world': f'{_OURS}.world:WorldDoubt',
    'learning_lag': f'{_OURS}.lag:LearningLag',
    'competence': f'{_OURS}.claims:ClaimedCompetence',
    'calibration_error': f'{_OURS}.claims:CalibrationError',
    'cue': f'{_OURS}.species:PointingCue',
    'looming': f'{_OURS}.species:Looming',
    'energy': f'{_OURS}.somatic:Energy',
    'stress': f'{_OURS}.somatic:Stress',
    'pain': f'{_OURS}.somatic:Pain',
    'sleep_pressure': f'{_OURS}.somatic:SleepPressure',
    'imagination_pressure': f'{_OURS}.imagination:ImaginationPressure',
    'demonstration': f'{_OURS}.teaching:Demonstration',
    'peer': f'{_OURS}.teaching:Peer'})


class Signal(Protocol):
    """
    A meta-state, which may keep state between ticks.

    An entry is its class. It is created once per System M, with the settings of our own signals,
    which it may ignore. `calibration` is a line about the meaning of the number.
    """

    calibration: ClassVar[str]

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> float:
        """
        Take the telemetry of a tick and return the signal.

        :param telemetry: the newest telemetry of the nodes; unknown numbers are NaN.
        :param mode: the roles of the mode in force.
        :return: a number in [0, 1].
        """


class Momentary:
    """Base of signals without state."""

    def __init__(self, config: MetaStateConfig) -> None:
        """Ignore the settings."""


def signal_names() -> list[str]:
    """
    Return the names of all signals, ours first.

    :raises ConfigError: a name of another package cannot be one.
    """
    found = SIGNALS.names()
    taken = schema(SystemMTelemetry).numbers
    for name in found:
        # It becomes a topic, and a number beside System M's own on system_m/signals.
        if not (name.isascii() and name.isidentifier()) or name in taken:
            raise ConfigError(f"{SIGNALS.group}: '{name}' cannot name a signal, expected letters, "
                              f'digits and _, and none of {", ".join(taken)}: rename it in the '
                              'package that adds it')
    return found


def make_signals(config: MetaStateConfig) -> dict[str, Signal]:
    """
    Return every signal by its name.

    :raises ConfigError: one of another package cannot be loaded.
    """
    return {name: SIGNALS.get(name)(config) for name in signal_names()}


def calibrations() -> Mapping[str, str]:
    """
    Return what each signal means.

    :raises ConfigError: one of another package cannot be loaded.
    """
    return {name: SIGNALS.get(name).calibration for name in signal_names()}
