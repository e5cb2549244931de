"""The mode, how long it has been in force and why, and the modes of the last minutes."""

from typing import Any

from abm_ros.common import names
from abm_ros.common.colours import UNKNOWN, mode_colour
from abm_ros.rqt.lines import Lines
from abm_ros.rqt.qt import QtCore, QtGui, QtWidgets
from abm_ros.rqt.seen import HISTORY_S, WARN, NodeStatus, View
from abm_ros.rqt.theme import LIGHT, Theme


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    whole = int(max(0.0, seconds))
    return (f'{whole} s' if whole < 60 else f'{whole // 60} min {whole % 60:02d} s'
            if whole < 3600 else f'{whole // 3600} h {whole // 60 % 60:02d} min')


def state_of(view: View) -> str:
    """Return what is to be known beside the mode, in a few words."""
    decision, gate = view.decision, view.motor_gate
    parts = ['motors unknown' if view.gate_is_stale else
             'motors open' if gate.open > 0 else 'motors shut']
    if view.held:
        parts.append('held by the operator')
    if pinned := decision.get('pinned'):
        rule = decision.get('forbidden', {}).get(pinned)
        parts.append(f'pinned to {pinned}' + (f', but {rule}' if rule else ''))
    if vetoed := decision.get('vetoed'):
        parts.append(f'vetoed: {", ".join(vetoed)}')
    told = view.statuses.get(names.SYSTEM_M, NodeStatus())
    if told.level == WARN and not view.is_stale:
        parts.append(told.message.removeprefix(f'{view.mode}: '))
    return '  ·  '.join(parts)


def warning_of(view: View) -> str:
    """Return what the operator must know first, '' for nothing."""
    if not view.ever_heard:
        return 'Waiting for System M'
    if view.is_stale:
        return (f'System M has not been heard for {duration(view.now_s - view.heard_s)}: '
                'what is shown of it is old')
    decision = view.decision
    if fault := decision.get('fault'):
        return f'Fault: {fault}'
    if guards := decision.get('guards'):
        return 'Guard: ' + '; '.join(map(str, guards.values()))
    return ''


class Timeline(QtWidgets.QWidget):
    """A band of the modes of the last minutes; gaps are times in which System M was not heard."""

    def __init__(self) -> None:
        super().__init__()
        self._view, self._theme = View(), LIGHT
        self.setFixedHeight(42)
        self.setMinimumWidth(200)

    def show_view(self, view: View, theme: Theme) -> None:
        """Show what is heard."""
        self._view, self._theme = view, theme
        self.update()

    def bands(self) -> list[tuple[str, float, float]]:
        """Return each stay with its place: 0 is the left edge, 1 now."""
        def place(at_s: float) -> float:
            return 1.0 - (self._view.now_s - at_s) / HISTORY_S

        stays = list(self._view.stays)
        ends = [stay.until_s for stay in stays]
        for index, after in enumerate(stays[1:]):     # the mode changed: nothing lies between
            if after.mode != stays[index].mode and after.since_s - ends[index] < 2.0:
                ends[index] = after.since_s
        return [(stay.mode, max(0.0, place(stay.since_s)), place(until_s))
                for stay, until_s in zip(stays, ends, strict=True) if place(until_s) > 0.0]

    def paintEvent(self, _: Any) -> None:    # noqa: N802  (Qt's name)
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        theme, flag = self._theme, QtCore.Qt.AlignmentFlag
        band = QtCore.QRectF(0, 1, self.width(), 22)
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(QtGui.QColor(theme.ground))
        painter.drawRoundedRect(band, 4, 4)
        metrics = painter.fontMetrics()
        for mode, start, end in self.bands():
            box = QtCore.QRectF(start * band.width(), band.top(),
                                max(1.5, (end - start) * band.width()), band.height())
            painter.setPen(QtCore.Qt.PenStyle.NoPen)
            painter.setBrush(QtGui.QColor(mode_colour(mode, self._view.modes)))
            painter.drawRect(box)
            if metrics.horizontalAdvance(mode) + 8 < box.width():
                painter.setPen(QtGui.QColor('#ffffff'))
                painter.drawText(box, flag.AlignCenter, mode)
        painter.setPen(QtGui.QColor(theme.muted))
        minutes = int(HISTORY_S // 60)
        is_tight = metrics.horizontalAdvance('-5 min') * 2 > band.width() / minutes
        for minute in range(0, minutes + 1, 2 if is_tight else 1):
            text = 'now' if minute == 0 else f'-{minute} min'
            width = metrics.horizontalAdvance(text)
            x = (1.0 - minute * 60.0 / HISTORY_S) * band.width() - width / 2
            x = min(max(x, 0.0), band.width() - width)
            painter.drawText(QtCore.QRectF(x, 25, width + 2, 17), flag.AlignLeft, text)
        painter.end()


class ModePanel(QtWidgets.QWidget):
    """The head of the window."""

    def __init__(self) -> None:
        super().__init__()
        box = QtWidgets.QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        self.warning, self.reason = Lines('abm_warning'), Lines()
        self.state = Lines('abm_muted')
        self.pill, self.since = QtWidgets.QLabel(), QtWidgets.QLabel()
        self.timeline = Timeline()
        font = self.pill.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        self.pill.setFont(font)
        row = QtWidgets.QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.pill)
        row.addWidget(self.since)
        row.addWidget(self.state, 1)
        box.addWidget(self.warning)
        box.addLayout(row)
        box.addWidget(self.reason)
        box.addWidget(self.timeline)

    def show_view(self, view: View, theme: Theme) -> None:
        """Show what is heard."""
        self.warning.setText(warning_of(view))
        colour = UNKNOWN if view.is_stale else mode_colour(view.mode, view.modes)
        self.pill.setText(view.mode or 'no mode')
        self.pill.setStyleSheet(f'color: #ffffff; background: {colour}; border-radius: 8px; '
                                'padding: 4px 14px;')
        self.since.setText(f'for {duration(view.in_mode_s)}' if view.stays else '')
        self.state.setText(state_of(view))
        self.reason.setText(str(view.decision.get('reason', '') or view.report))
        self.timeline.show_view(view, theme)
