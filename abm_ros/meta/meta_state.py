"""From the telemetry of the nodes to the meta-states of System M."""

from abm_ros.common.errors import SpecError
from abm_ros.common.telemetry import GraphTelemetry
from abm_ros.meta.competence import Competence
from abm_ros.meta.modes import Roles
from abm_ros.meta.signals.claims import ClaimedCompetence
from abm_ros.meta.signals.config import MetaStateConfig
from abm_ros.meta.signals.entry import make_signals

_MEND = 'mend it, or uninstall the package that adds it'


class MetaState:
    """All signals, ours and those of other packages, with their state."""

    def __init__(self, config: MetaStateConfig) -> None:
        """
        Create every signal.

        :raises ConfigError: one of another package cannot be loaded.
        """
        self._signals = make_signals(config)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the signals."""
        return tuple(self._signals)

    @property
    def claims(self) -> Competence:
        """The claims of success and their calibration."""
        competence = self._signals['competence']
        assert isinstance(competence, ClaimedCompetence), 'nobody else can take its name'
        return competence.claims

    def update(self, telemetry: GraphTelemetry, mode: Roles) -> dict[str, float]:
        """
        Take the newest telemetry and return the signals.

        :param telemetry: the newest telemetry of the nodes.
        :param mode: the roles of the mode in force.
        :return: every signal in [0, 1]. Before System A has a model, prediction_error and
            uncertainty are 1. Without a report from memory novelty is 1.
        :raises SpecError: a signal of another package failed, or is not in [0, 1].
        """
        return {name: self._value(name, telemetry, mode) for name in self._signals}

    def _value(self, name: str, telemetry: GraphTelemetry, mode: Roles) -> float:
        try:
            value = float(self._signals[name].update(telemetry, mode))
        except Exception as error:
            raise SpecError(f"signal '{name}' failed: {error!r}; {_MEND}") from error
        if not 0.0 <= value <= 1.0:
            raise SpecError(f"signal '{name}': expected a number in [0, 1], got {value:g}; "
                            f'{_MEND}')
        return value
