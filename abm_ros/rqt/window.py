"""The whole widget: what is heard, drawn a few times a second, in three columns or in one."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from abm_ros.common.names import check_namespace
from abm_ros.rqt.audit_panel import AuditPanel
from abm_ros.rqt.drives_view import DrivesPanel
from abm_ros.rqt.listener import Listener
from abm_ros.rqt.mode_panel import ModePanel
from abm_ros.rqt.operator_desk import OperatorDesk
from abm_ros.rqt.operator_panel import OperatorPanel
from abm_ros.rqt.qt import QtCore, QtWidgets
from abm_ros.rqt.seen import Seen, View
from abm_ros.rqt.signals_view import SignalsView
from abm_ros.rqt.spinning import SpinningNode
from abm_ros.rqt.theme import Card, Theme, current, style
from abm_ros.rqt.wiring_view import Wiring, WiringView

_REFRESH_MS = 500


@dataclass(frozen=True)
class Arrangement:
    """
    Where each card goes, from a width on: row, column, rows, columns.

    `shares` are the columns' shares of the width; `grows` is the row that takes what is left.
    """

    least_width: int
    places: Mapping[str, tuple[int, int, int, int]]
    shares: tuple[int, int, int]
    grows: int


# In one column, what is acted on comes first.
ARRANGEMENTS = (
    Arrangement(1080, {
        'mode': (0, 0, 1, 3), 'signals': (1, 0, 3, 1), 'wiring': (1, 1, 2, 1),
        'drives': (1, 2, 1, 1), 'operator': (2, 2, 1, 1), 'audit': (3, 1, 1, 2)}, (3, 6, 4), 3),
    Arrangement(740, {
        'mode': (0, 0, 1, 2), 'wiring': (1, 0, 2, 1), 'operator': (1, 1, 1, 1),
        'drives': (2, 1, 1, 1), 'signals': (3, 0, 1, 1), 'audit': (3, 1, 1, 1)}, (1, 1, 0), 3),
    Arrangement(0, {name: (row, 0, 1, 1) for row, name in enumerate(
        ('mode', 'operator', 'wiring', 'drives', 'signals', 'audit'))}, (1, 0, 0), 5))


@dataclass(frozen=True)
class Sources:
    """Where the window gets what it shows, and whom it asks."""

    view: Callable[[], View]
    wiring: Callable[[], Wiring]
    desk: OperatorDesk
    close: Callable[[], None]


def sources(namespace: str) -> Sources:
    """
    Return those of a running graph.

    :param namespace: that of the graph.
    :raises ConfigError: it cannot be one.
    """
    namespace = check_namespace(namespace)
    seen = Seen()
    spinning = SpinningNode(f'abm_window_{os.getpid()}', namespace)
    listener, desk = Listener(spinning.node, namespace, seen), OperatorDesk(namespace)

    def close() -> None:
        listener.close()
        desk.close()
        spinning.close()

    return Sources(seen.view, lambda: Wiring(*listener.wiring()), desk, close)


class SystemMWindow(QtWidgets.QWidget):
    """System M at a glance."""

    def __init__(self, given: Sources) -> None:
        super().__init__()
        self.setObjectName('abm_window')
        self.setWindowTitle('System M')
        self._given = given
        self._theme: Theme | None = None
        self._arrangement: Arrangement | None = None
        self.mode, self.signals, self.wiring = ModePanel(), SignalsView(), WiringView()
        self.drives, self.audit = DrivesPanel(), AuditPanel()
        self.operator = OperatorPanel(given.desk)
        self.cards: Mapping[str, Any] = {
            'mode': Card('MODE', self.mode), 'signals': Card('SIGNALS', self.signals),
            'wiring': Card('WIRING, FROM THE LIVE GRAPH', self.wiring),
            'drives': Card('DRIVES OF THE LAST DECISION', self.drives),
            'operator': Card('OPERATOR', self.operator),
            'audit': Card('AUDIT LOG', self.audit)}
        page = QtWidgets.QWidget()
        page.setObjectName('abm_page')
        self._grid = QtWidgets.QGridLayout(page)
        self._grid.setContentsMargins(10, 10, 10, 10)
        self._grid.setSpacing(10)
        self._scroll = QtWidgets.QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setWidget(page)
        box = QtWidgets.QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._scroll)
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(_REFRESH_MS)
        self._arrange()
        self.refresh()

    def refresh(self) -> None:
        """Draw what is known now."""
        theme = current()
        if theme != self._theme:
            self._theme = theme
            self.setStyleSheet(style(theme))
        view = self._given.view()
        for panel in (self.mode, self.signals, self.drives, self.operator, self.audit):
            panel.show_view(view, theme)
        self.wiring.show_view(view, theme, self._given.wiring())

    def resizeEvent(self, event: Any) -> None:    # noqa: N802  (Qt's name)
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        chosen = next(one for one in ARRANGEMENTS if self.width() >= one.least_width)
        if chosen is self._arrangement:
            return
        self._arrangement = chosen
        for name, place in chosen.places.items():
            self._grid.addWidget(self.cards[name], *place)
        for column, share in enumerate(chosen.shares):
            self._grid.setColumnStretch(column, share)
        for row in range(len(self.cards)):
            self._grid.setRowStretch(row, int(row == chosen.grows))

    def close_sources(self) -> None:
        """Stop drawing, listening and asking."""
        self._timer.stop()
        self._given.close()
