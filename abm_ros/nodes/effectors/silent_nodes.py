"""What System M does with nodes that are heard and do not answer (decision 0049)."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from rclpy.impl.rcutils_logger import RcutilsLogger

from abm_ros.nodes.effectors.audit_writer import AuditWriter

RENEW_S = 5.0      # of silence, until the clients are made anew
RESTART_S = 12.0   # until the node's process is ended, so that its supervisor starts it again
GIVE_UP_S = 25.0   # until System M itself ends for the same reason


@dataclass
class _Silence:
    since_s: float
    stage: int = 0


def on_record(writer: AuditWriter, logger: RcutilsLogger) -> Callable[[str, str], None]:
    """Return what puts a cure on the record and into the log."""
    def tell(node: str, what: str) -> None:
        writer.write('cure', node=node, what=what)
        logger.error(f'{node} does not follow: {what}')
    return tell


def _nothing(_: str) -> None:
    """Stand for a cure that there is none of."""


class SilentNodes:
    """
    Cures silence step by step: clients anew, then the node, then System M itself.

    What is done is told before it is done. A node that answers, or that is not heard, begins again
    at the first step.
    """

    def __init__(self, tell: Callable[[str, str], None] = lambda node, what: None,
                 restart: Callable[[str], None] = _nothing,
                 give_up: Callable[[str], None] = _nothing,
                 heard: Callable[[], Collection[str]] | None = None) -> None:
        """
        Take the cures.

        :param tell: puts on the record to which node what is done.
        :param restart: ends a node's process.
        :param give_up: ends this process, which discovers the node anew when it is started again.
        :param heard: returns the nodes whose telemetry arrives: a process that is in the graph may
            still be starting. None takes each for heard.
        """
        self._tell, self._restart, self._give_up = tell, restart, give_up
        self._heard = heard
        self._silences: dict[str, _Silence] = {}

    def look(self, silent: Iterable[str], now_s: float) -> list[str]:
        """
        Take which nodes are silent now; return those whose clients are to be made anew.

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
        """Take the step that is due; tell whether the clients are to be made anew."""
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
