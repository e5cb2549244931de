"""The newest telemetry of the nodes, and which of them are alive."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from abm_ros.common.telemetry import LEARNERS, GraphTelemetry
from abm_ros.common.telemetry_fields import Telemetry

# No process of a node is heard sooner after its predecessor was: it listens for that one first.
_RESTART_S = 1.0
# A learner may be silent for so many time-outs while its process runs: on a busy computer it waits
# for the processor in the middle of a long computation, and nothing that acts relies on it.
_BUSY = 5.0
_PATIENT = tuple(kind.node for kind in LEARNERS)


def _nowhere(_: str) -> bool:
    """Know of no process that runs."""
    return False


class Health:
    """The newest telemetry of each node, and when it was heard."""

    def __init__(self, nodes: Sequence[str], timeout_s: float,
                 runs: Callable[[str], bool] = _nowhere) -> None:
        """
        Know nothing yet.

        :param timeout_s: a node that is not heard for longer counts as lost.
        :param runs: tells whether a process runs, by what its telemetry tells of it.
        """
        self.nodes = tuple(nodes)
        self.telemetry = GraphTelemetry()
        self._timeout_s = timeout_s
        self._runs = runs
        self._heard_s: dict[str, float] = {}

    def copy(self) -> 'Health':
        """Return a snapshot that another thread may read."""
        made = Health(self.nodes, self._timeout_s, self._runs)
        made.telemetry, made._heard_s = self.telemetry, self._heard_s.copy()
        return made

    def take(self, told: Telemetry, now_s: float) -> None:
        """
        Take the telemetry of a node.

        A second process of a node that is heard ends itself before it is active (decision 0050):
        what it tells is passed over. A restarted one is heard only after a pause.
        """
        known = self.of(told.node).incarnation
        if (known not in ('', told.incarnation) and told.state != 'active'
                and now_s - self.heard_s(told.node) < _RESTART_S):
            return
        newest: dict[str, Any] = {told.node: told}
        self.telemetry = replace(self.telemetry, **newest)
        self._heard_s[told.node] = now_s

    def alive(self, node: str, now_s: float) -> bool:
        """Tell whether a node was heard within the time-out."""
        return node in self._heard_s and now_s - self._heard_s[node] <= self._timeout_s

    def heard_s(self, node: str) -> float:
        """Return when a node was last heard (monotonic, s), -inf for never."""
        return self._heard_s.get(node, float('-inf'))

    def lost(self, now_s: float) -> list[str]:
        """Return the nodes that are not heard, but for learners that are busy."""
        return [node for node in self.nodes
                if not self.alive(node, now_s) and not self._is_busy(node, now_s)]

    def _is_busy(self, node: str, now_s: float) -> bool:
        return (node in _PATIENT and now_s - self.heard_s(node) <= _BUSY * self._timeout_s
                and self._runs(self.of(node).process))

    def of(self, node: str) -> Telemetry:
        """Return the newest telemetry of a node; all unknown before it is heard."""
        told: Telemetry = getattr(self.telemetry, node)
        return told
