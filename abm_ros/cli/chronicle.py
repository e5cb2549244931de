"""Writes the history of a run while it runs: what its pictures are drawn from."""

import shlex
import sys
import time
from pathlib import Path
from typing import Any

from abm_ros.bringup.graph import GraphOptions
from abm_ros.common.errors import StoreError
from abm_ros.common.telemetry import SystemBTelemetry
from abm_ros.common.telemetry_fields import known
from abm_ros.meta.wiring import Wiring
from abm_ros.report.history import HistoryWriter

_PERIOD_S = 1.0


def about(options: GraphOptions, wiring: Wiring, startup_s: float) -> dict[str, Any]:
    """
    Return what the page of a run says about it as a whole.

    :param startup_s: how long ago the run began.
    """
    return {'began': round(time.time() - startup_s, 3), 'body': options.body, 'seed': options.seed,
            'joints': list(options.joints), 'command': shlex.join(['abm', *sys.argv[1:]]),
            'wiring': {mode: {node: [name for name, topic in given.ports.items() if topic]
                              for node, given in row.nodes.items() if given.active}
                       for mode, row in wiring.items()}}


class Chronicle:
    """
    Looks at the monitor and the watch once a second.

    A history that cannot be written is no reason to stop a robot: `trouble` says why it ends.
    """

    def __init__(self, folder: Path, monitor: Any, watch: Any, told: dict[str, Any]) -> None:
        """:param told: what the page says about the run as a whole."""
        self._monitor, self._watch = monitor, watch
        self._noted_s = -float('inf')
        self.trouble = ''
        self._writer: HistoryWriter | None = None
        try:
            self._writer = HistoryWriter(folder, **told)
        except StoreError as error:
            self.trouble = str(error)

    def note(self, now_s: float) -> None:
        """
        Write the line of a second, if one has passed.

        :param now_s: monotonic time, s.
        """
        if now_s - self._noted_s < _PERIOD_S:
            return
        self._noted_s = now_s
        told = self._monitor.told(SystemBTelemetry)
        least, most = self._watch.take_extremes()
        self._add('second', {
            't': round(time.time(), 3), 'mode': self._monitor.mode(),
            'signals': {name: round(value, 4)
                        for name, value in self._monitor.signals().items()},
            'episodes': int(known(told.episodes, 0.0)),
            'successes': int(known(told.successes, 0.0)),
            'commands': self._watch.commands, 'unsafe': self._watch.unsafe,
            'least': least, 'most': most})

    def end(self, report: dict[str, Any]) -> None:
        """Write the report of the run, and the limits by which its commands were judged."""
        self._add('end', report | {'limits': self._watch.limits()})
        if self._writer is not None:
            self._writer.close()

    def _add(self, kind: str, values: dict[str, Any]) -> None:
        if self._writer is None:
            return
        try:
            self._writer.add(kind, values)
        except StoreError as error:
            self.trouble = str(error)
            self._writer.close()
            self._writer = None
