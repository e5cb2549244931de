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
_WIDE = 940
# Where each card goes: row, column, rows, columns. In one column, what is acted on comes first.
_PLACES_WIDE = {'mode': (0, 0, 1, 3), 'signals': (1, 0, 3, 1), 'wiring': (1, 1, 2, 1),
                'drives': (1, 2, 1, 1), 'operator': (2, 2, 1, 1), 'audit': (3, 1, 1, 2)}
_ORDER_NARROW = ('mode', 'operator', 'wiring', 'drives', 'signals', 'audit')


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
        self._wide: bool | None = None
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
        self._scroll.setHorizontalScrollBarPolicy(
            QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(page)
        box = QtWidgets.QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._scroll)
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(_REFRESH_MS)
        self._arrange(self.width() >= _WIDE)
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
        self._arrange(self.width() >= _WIDE)

    def _arrange(self, wide: bool) -> None:
        if wide == self._wide:
            return
        self._wide = wide
        places = _PLACES_WIDE if wide else {
            name: (row, 0, 1, 1) for row, name in enumerate(_ORDER_NARROW)}
        for name, place in places.items():
            self._grid.addWidget(self.cards[name], *place)
        for column, share in enumerate((3, 6, 4) if wide else (1, 0, 0)):
            self._grid.setColumnStretch(column, share)
        for row in range(len(_ORDER_NARROW)):
            self._grid.setRowStretch(row, int(row == (3 if wide else 5)))

    def close_sources(self) -> None:
        """Stop drawing, listening and asking."""
        self._timer.stop()
        self._given.close()
