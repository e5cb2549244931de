"""Decides when the robot counts as missing: nothing acts before it was heard."""

from collections.abc import Callable

from abm_ros.common.telemetry import MotorGateTelemetry

# Who publishes what is silent is looked up again after this time.
_RENEW_S = 3.0


class BodyWatch:
    """
    Tells in words what of the body is silent, once that lasts.

    The motor gate hears the body in every mode, because its joint states and the description are
    hard-wired; it tells which topics are silent.
    """

    def __init__(self, offered: Callable[[str], str], patience_s: float) -> None:
        """
        Take who knows the graph.

        :param offered: says of a topic who publishes it and how.
        :param patience_s: shorter silences are left to the motor gate, which is shut meanwhile.
        """
        self._offered = offered
        self._patience_s = patience_s
        self._since_s: float | None = None
        self._missing = False
        self._told: tuple[str, str, float] = '', '', -float('inf')

    def trouble(self, gate: MotorGateTelemetry, *, audible: bool, now_s: float) -> str:
        """
        Return what is silent, '' for nothing or for what may yet be heard.

        :param gate: what the motor gate told last.
        :param audible: whether a body that is not heard is in the way of the mode in force.
        :param now_s: monotonic time, s.
        """
        if not gate.silent:
            self._since_s, self._missing = None, False
            return ''
        self._since_s = now_s if self._since_s is None else self._since_s
        # What is missing stays missing in every mode, until it is heard.
        self._missing = self._missing or (
            audible and now_s - self._since_s >= self._patience_s)
        return self._text(gate.silent, now_s) if self._missing else ''

    def give_up(self, gate: MotorGateTelemetry, now_s: float) -> str:
        """Return what is silent after it was waited for long enough, and hold it for missing."""
        self._missing = bool(gate.silent)
        return self._text(gate.silent, now_s) if gate.silent else ''

    def _text(self, silent: str, now_s: float) -> str:
        topics, text, at_s = self._told
        # A new text is a new fault on the record: publishers may come and go.
        if topics != silent or now_s - at_s > _RENEW_S:
            text = 'no body: nothing usable on ' + '; '.join(
                f'{topic} ({self._offered(topic)})' for topic in silent.split(' '))
            self._told = silent, text, now_s
        return text
