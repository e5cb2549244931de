"""Finds nodes that differ from the mode's row because somebody else changed them."""

from abm_ros.meta.health import Health
from abm_ros.meta.wiring import Row

# Transitions under way end in one of these, or in 'finalized', which is a fault of its own.
_PRIMARY = ('unconfigured', 'inactive', 'active')
# Telemetry from before a node was wired may arrive this late.
_LATE_S = 0.3


class RowWatch:
    """Compares the states that nodes tell with the row that was wired last."""

    def __init__(self) -> None:
        self._wired_s = float('inf')
        self._seen: dict[str, tuple[str, float]] = {}

    def wired(self, now_s: float) -> None:
        """Record that all nodes were brought to a row now."""
        self._wired_s, self._seen = now_s, {}

    def strays(self, row: Row, health: Health) -> dict[str, str]:
        """
        Return the states of nodes that twice in a row reported another state than their row's.

        A single report may be from before the node was wired.
        """
        found = {}
        for name, wanted in row.nodes.items():
            state, heard_s = health.of(name).state, health.heard_s(name)
            if (heard_s < self._wired_s + _LATE_S or state not in _PRIMARY
                    or (state == 'active') == wanted.active):
                self._seen.pop(name, None)
                continue
            before = self._seen.setdefault(name, (state, heard_s))
            if before[0] != state:
                self._seen[name] = state, heard_s
            elif heard_s > before[1]:
                found[name] = state
        return found


def stray_text(strays: dict[str, str], row: Row) -> str:
    """Return a text with the states of strays and those of their rows."""
    return '; '.join(
        f'{name} is {state}, not {"active" if row.nodes[name].active else "inactive"} as mode '
        f'{row.mode} needs it: System M did not do that' for name, state in strays.items())
