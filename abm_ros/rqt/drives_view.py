"""The drives of the last decision, and what forbids the modes that have none."""

from typing import Any

from abm_ros.common.colours import mode_colour
from abm_ros.rqt.lines import Lines
from abm_ros.rqt.qt import QtCore, QtGui, QtWidgets
from abm_ros.rqt.seen import View
from abm_ros.rqt.theme import LIGHT, Theme

_ROW = 26


def reasons(view: View) -> str:
    """Return the reason of the last decision and what bound it, one sentence a line."""
    decision = view.decision
    if not decision:
        return ''
    lines = [f'{decision["mode"]}: {decision["reason"]}']
    refused = decision.get('refused') or {}
    if refused:
        lines.append(f'{refused["wanted"]} refused: {refused["rule"]}')
    lines += [f'{mode} may not be: {rule}' for mode, rule in
              decision.get('forbidden', {}).items() if rule != refused.get('rule')]
    return '\n'.join(lines)


class DrivesView(QtWidgets.QWidget):
    """Bars, strongest first; the line is what another drive must beat to end the mode."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[str, float]] = []
        self._view, self._theme = View(), LIGHT
        self.setFixedHeight(_ROW)
        self.setMinimumWidth(200)

    def show_view(self, view: View, theme: Theme) -> None:
        """Show what is heard."""
        before = len(self.rows)
        drives = view.decision.get('drives', {})
        self.rows = sorted(drives.items(), key=lambda item: -item[1])
        self._view, self._theme = view, theme
        if len(self.rows) != before:
            self.setFixedHeight(max(1, len(self.rows)) * _ROW)
        self.update()

    @property
    def to_beat(self) -> float | None:
        """What another drive must exceed to end the mode."""
        decision = self._view.decision
        own = decision.get('drives', {}).get(decision.get('mode'))
        return None if own is None else own + decision.get('hysteresis', 0.0)

    def paintEvent(self, _: Any) -> None:    # noqa: N802  (Qt's name)
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        theme, flag = self._theme, QtCore.Qt.AlignmentFlag
        if not self.rows:
            painter.setPen(QtGui.QColor(theme.muted))
            painter.drawText(self.rect(), flag.AlignVCenter | flag.AlignLeft,
                             'no drives: a fault or the operator decides'
                             if self._view.decision else 'no decision yet')
            painter.end()
            return
        metrics = painter.fontMetrics()
        label = max(metrics.horizontalAdvance(mode) for mode, _ in self.rows) + 12
        value = metrics.horizontalAdvance('-0.00') + 10
        plot = QtCore.QRectF(label, 0, self.width() - label - value, self.height())
        shown = [drive for _, drive in self.rows] + [0.0, self.to_beat or 0.0]
        low, high = min(shown), max(*shown, min(shown) + 1e-3)

        def place(drive: float) -> float:
            return float(plot.left() + (drive - low) / (high - low) * plot.width())

        for index, (mode, drive) in enumerate(self.rows):
            top = index * _ROW
            is_own = mode == self._view.decision.get('mode')
            painter.setPen(QtGui.QColor(theme.text if is_own else theme.muted))
            painter.drawText(QtCore.QRectF(0, top, label, _ROW),
                             flag.AlignVCenter | flag.AlignLeft, mode)
            painter.drawText(QtCore.QRectF(self.width() - value, top, value, _ROW),
                             flag.AlignVCenter | flag.AlignRight, f'{drive:.2f}')
            colour = QtGui.QColor(mode_colour(mode, self._view.modes))
            colour.setAlpha(255 if is_own else 140)
            painter.setPen(QtCore.Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            left, right = sorted((place(0.0), place(drive)))
            painter.drawRoundedRect(QtCore.QRectF(left, top + 6, max(2.0, right - left),
                                                  _ROW - 12), 3, 3)
        painter.setPen(QtGui.QPen(QtGui.QColor(theme.faint), 1))
        painter.drawLine(QtCore.QPointF(place(0.0), 2), QtCore.QPointF(place(0.0),
                                                                       self.height() - 2))
        if self.to_beat is not None:
            painter.setPen(QtGui.QPen(QtGui.QColor(theme.text), 1,
                                      QtCore.Qt.PenStyle.DashLine))
            x = place(self.to_beat)
            painter.drawLine(QtCore.QPointF(x, 2), QtCore.QPointF(x, self.height() - 2))
        painter.end()


class DrivesPanel(QtWidgets.QWidget):
    """The bars, and the reasons below."""

    def __init__(self) -> None:
        super().__init__()
        box = QtWidgets.QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        self.bars, self.reasons = DrivesView(), Lines('abm_muted')
        box.addWidget(self.bars)
        box.addWidget(self.reasons)
        box.addStretch(1)

    def show_view(self, view: View, theme: Theme) -> None:
        """Show what is heard."""
        self.bars.show_view(view, theme)
        self.reasons.setText(reasons(view))
