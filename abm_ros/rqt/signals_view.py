"""The signals as sparklines, with the thresholds at which phi's hard overrides begin and end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from abm_ros.common.colours import mode_colour
from abm_ros.meta.phi import Override
from abm_ros.rqt.qt import QtCore, QtGui, QtWidgets
from abm_ros.rqt.seen import BIN_S, SIGNALS_S, View
from abm_ros.rqt.theme import LIGHT, Theme

_ROW_LEAST, _ROW_MOST = 27, 46
_LABEL_MOST = 0.55    # of the width
_GAP_S = 2.5      # without values for longer than this the line is broken


@dataclass(frozen=True)
class SignalRow:
    """What one row shows."""

    name: str
    value: str
    trips: Override | None      # the override that its value begins
    rules: Sequence[Override]
    series: Sequence[tuple[float, float, float]]


def rows_of(view: View) -> list[SignalRow]:
    """Return the rows, those with thresholds first."""
    rows = []
    for name, value in view.signals.items():
        rules = view.thresholds(name)
        trips = next((rule for rule in rules if rule.trips(view.signals)), None)
        rows.append(SignalRow(name, f'{value:.2f}', trips, rules, view.series.get(name, ())))
    return sorted(rows, key=lambda row: not row.rules)


def pieces(series: Sequence[tuple[float, float, float]]
           ) -> list[list[tuple[float, float, float]]]:
    """Cut a series where nothing was heard."""
    cut: list[list[tuple[float, float, float]]] = []
    for point in series:
        if not cut or point[0] - cut[-1][-1][0] > _GAP_S:
            cut.append([])
        cut[-1].append(point)
    return cut


class SignalsView(QtWidgets.QWidget):
    """Draws all rows in one widget: a plot widget for each would cost more than all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[SignalRow] = []
        self._view, self._theme = View(), LIGHT
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding,
                           QtWidgets.QSizePolicy.Policy.Expanding)
        self.setMinimumWidth(240)

    def show_view(self, view: View, theme: Theme) -> None:
        """Show what is heard."""
        before = len(self.rows)
        self.rows, self._view, self._theme = rows_of(view), view, theme
        if len(self.rows) != before:
            self.setMinimumHeight(max(1, len(self.rows)) * _ROW_LEAST)
        self.update()

    def _high(self) -> int:
        return max(_ROW_LEAST, min(_ROW_MOST, self.height() // max(1, len(self.rows))))

    def event(self, event: Any) -> bool:
        """Tell what a row's thresholds are when the pointer rests on it."""
        if event.type() == QtCore.QEvent.Type.ToolTip and self.rows:
            row = self.rows[min(event.pos().y() // self._high(), len(self.rows) - 1)]
            rules = '\n'.join(f'{rule.text()}: {rule.mode}, until {rule.until:g}'
                              for rule in row.rules)
            QtWidgets.QToolTip.showText(event.globalPos(), f'{row.name} {row.value}\n{rules}',
                                        self)
            return True
        return bool(super().event(event))

    def paintEvent(self, _: Any) -> None:    # noqa: N802  (Qt's name)
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        metrics = painter.fontMetrics()
        longest = max((metrics.horizontalAdvance(row.name) for row in self.rows), default=0)
        label = min(int(self.width() * _LABEL_MOST), longest + 14)
        value = metrics.horizontalAdvance('0.00') + 10
        for index, row in enumerate(self.rows):
            top = index * self._high()
            plot = QtCore.QRectF(label, top + 4, self.width() - label - value, self._high() - 9)
            self._text(painter, row, top, label, value)
            self._plot(painter, row, plot)
        painter.end()

    def _text(self, painter: Any, row: SignalRow, top: int, label: int, value: int) -> None:
        theme, flag = self._theme, QtCore.Qt.AlignmentFlag
        stale = self._view.is_stale
        painter.setPen(QtGui.QColor(theme.muted if stale else theme.text))
        name = painter.fontMetrics().elidedText(row.name, QtCore.Qt.TextElideMode.ElideRight,
                                                label - 6)
        painter.drawText(QtCore.QRectF(0, top, label - 6, self._high()),
                         flag.AlignVCenter | flag.AlignLeft, name)
        if row.trips is not None:
            painter.setPen(QtGui.QColor(theme.bad))
        painter.drawText(QtCore.QRectF(self.width() - value, top, value, self._high()),
                         flag.AlignVCenter | flag.AlignRight, row.value)

    def _plot(self, painter: Any, row: SignalRow, box: Any) -> None:
        theme = self._theme
        painter.setPen(QtGui.QPen(QtGui.QColor(theme.border), 1))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        for rule in row.rules:
            colour = QtGui.QColor(mode_colour(rule.mode, self._view.modes))
            start = rule.above if rule.above is not None else rule.below or 0.0
            pen = QtGui.QPen(colour, 1, QtCore.Qt.PenStyle.DashLine)
            painter.setPen(pen)
            height = box.bottom() - start * box.height()
            painter.drawLine(QtCore.QPointF(box.left(), height),
                             QtCore.QPointF(box.right(), height))
        colour = QtGui.QColor(theme.faint if self._view.is_stale else
                              theme.bad if row.trips is not None else theme.accent)
        for piece in pieces(row.series):
            self._line(painter, piece, box, colour)

    def _line(self, painter: Any, piece: Sequence[tuple[float, float, float]], box: Any,
              colour: Any) -> None:
        """Draw the highest values as a line, with the range down to the lowest filled."""
        scale = box.width() / SIGNALS_S
        places = [(box.right() - (self._view.now_s - at_s - BIN_S / 2) * scale, low, high)
                  for at_s, low, high in piece]
        places = [place for place in places if place[0] >= box.left()]
        if not places:
            return
        upper = [QtCore.QPointF(x, box.bottom() - min(max(high, 0.0), 1.0) * box.height())
                 for x, _, high in places]
        lower = [QtCore.QPointF(x, box.bottom()) for x, _, _ in (places[-1], places[0])]
        fill = QtGui.QColor(colour)
        fill.setAlpha(36)
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawPolygon(QtGui.QPolygonF([*upper, *lower]))
        painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
        painter.setPen(QtGui.QPen(colour, 1.5))
        painter.drawPolyline(QtGui.QPolygonF(upper))
