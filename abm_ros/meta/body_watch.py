"""Decides when the body counts as missing: nothing acts before it is heard."""

from collections.abc import Callable

from abm_ros.common.telemetry import MotorGateTelemetry

# Period of looking up the publishers of silent topics.
_RENEW_S = 3.0


class BodyWatch:
    """
    Describes the silent topics of the body, once the silence lasts.

    The motor gate reports them. It hears the body in every mode, because joint states and
    description are hard-wired.
    """

    def __init__(self, offered: Callable[[str], str], patience_s: float) -> None:
        """
        Start without a silence.

        :param offered: describes the publishers of a topic.
        :param patience_s: shorter silences only shut the motor gate.
        """
        self._offered = offered
        self._patience_s = patience_s
        self._since_s: float | None = None
        self._missing = False
        self._told: tuple[str, str, float] = '', '', -float('inf')

    def trouble(self, gate: MotorGateTelemetry, *, audible: bool, now_s: float) -> str:
        """
        Return a text about silent topics, '' for none or for a short silence.

        :param gate: the newest telemetry of the motor gate.
        :param audible: whether a body that is not heard is in the way of the mode in force.
        :param now_s: monotonic time, s.
        """
        if not gate.silent:
            self._since_s, self._missing = None, False
            return ''
        self._since_s = now_s if self._since_s is None else self._since_s
        # A missing body stays missing in every mode, until it is heard.
        self._missing = self._missing or (
            audible and now_s - self._since_s >= self._patience_s)
        return self._text(gate.silent, now_s) if self._missing else ''

    def give_up(self, gate: MotorGateTelemetry, now_s: float) -> str:
        """Return a text about topics that stayed silent, and count the body as missing."""
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
