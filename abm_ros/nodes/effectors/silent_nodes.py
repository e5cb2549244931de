"""Cures nodes whose telemetry is heard but that do not answer (decision 0049)."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from rclpy.impl.rcutils_logger import RcutilsLogger

from abm_ros.nodes.effectors.audit_writer import AuditWriter

RENEW_S = 5.0      # of silence, until new clients are made
RESTART_S = 12.0   # until the node's process is ended, so that its supervisor starts it again
GIVE_UP_S = 25.0   # until System M itself ends for the same reason


@dataclass
class _Silence:
    since_s: float
    stage: int = 0


def on_record(writer: AuditWriter, logger: RcutilsLogger) -> Callable[[str, str], None]:
    """Return a function that records and logs a cure."""
    def tell(node: str, what: str) -> None:
        writer.write('cure', node=node, what=what)
        logger.error(f'{node} does not follow: {what}')
    return tell


def _nothing(_: str) -> None:
    """Do nothing, in place of a missing cure."""


class SilentNodes:
    """
    Cures silence in steps: new clients, then a restart of the node, then of System M itself.

    Each step is recorded before it is taken. A node that answers or is not heard starts again
    at the first step.
    """

    def __init__(self, tell: Callable[[str, str], None] = lambda node, what: None,
                 restart: Callable[[str], None] = _nothing,
                 give_up: Callable[[str], None] = _nothing,
                 heard: Callable[[], Collection[str]] | None = None) -> None:
        """
        Take the cures.

        :param tell: records the node and the step.
        :param restart: ends a node's process.
        :param give_up: ends this process, which discovers the node again after its restart.
        :param heard: returns the nodes whose telemetry arrives, since a process in the graph may
            still be starting. None counts every node as heard.
        """
        self._tell, self._restart, self._give_up = tell, restart, give_up
        self._heard = heard
        self._silences: dict[str, _Silence] = {}

    def look(self, silent: Iterable[str], now_s: float) -> list[str]:
        """
        Take the silent nodes; return those that need new clients.

        :param now_s: monotonic time, s.
        """
        heard = self._heard() if self._heard is not None else None
        silent = [node for node in silent if heard is None or node in heard]
        self._silences = {node: self._silences.get(node, _Silence(now_s)) for node in silent}
        return [node for node in silent if self._step(node, self._silences[node], now_s)]

    def restart(self, node: str) -> None:
        """End a node's process, so that its supervisor starts it again."""
        self._tell(node, 'restarted')
        self._restart(node)

    def _step(self, node: str, silence: _Silence, now_s: float) -> bool:
        """Take the step that is due; tell whether the node needs new clients."""
        for_s = now_s - silence.since_s
        if silence.stage == 0 and for_s >= RENEW_S:
            silence.stage = 1
            self._tell(node, 'clients made anew')
            return True
        if silence.stage == 1 and for_s >= RESTART_S:
            silence.stage = 2
            self.restart(node)
        if silence.stage == 2 and for_s >= GIVE_UP_S:
            silence.stage = 3
            self._tell(node, 'System M restarts')
            self._give_up(node)
        return False
