"""Decides when System M arms a motor gate again that shut by itself (decision 0006)."""

from dataclasses import dataclass

_LEAST_S, _MOST_S = 1.0, 60.0
_FINE_S = 10.0


@dataclass
class GateWatch:
    """
    Waits before it arms the gate again, and twice as long each time that this did not help.

    The cause may persist, a second System M for example. Motors that open for a moment once a
    second are worse than motors that stay shut.
    """

    patience_s: float = _LEAST_S
    _shut_s: float | None = None
    _fine_s: float | None = None

    def overdue(self, shut: bool, now_s: float) -> bool:
        """
        Tell whether the gate must be armed again now.

        :param shut: whether the motors should be open but the gate keeps them shut.
        :param now_s: monotonic time, s.
        """
        if not shut:
            self._shut_s = None
            self._fine_s = now_s if self._fine_s is None else self._fine_s
            if now_s - self._fine_s >= _FINE_S:
                self.patience_s = _LEAST_S
            return False
        self._fine_s = None
        self._shut_s = now_s if self._shut_s is None else self._shut_s
        if now_s - self._shut_s <= self.patience_s:
            return False
        self._shut_s, self.patience_s = None, min(2.0 * self.patience_s, _MOST_S)
        return True
