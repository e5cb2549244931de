"""The wiring as a diagram: open pathways are lit, shut ones dark, and changes marked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from abm_ros.common import names
from abm_ros.rqt.listener import DECLARED
from abm_ros.rqt.pathways import BODY, Pair, Pathways
from abm_ros.rqt.qt import QtCore, QtGui, QtWidgets
from abm_ros.rqt.seen import OK, WARN, NodeStatus, View
from abm_ros.rqt.theme import LIGHT, Theme

LIT, DARK, OPENED, SHUT, UNFIT = 'lit', 'dark', 'opened', 'shut', 'unfit'
# Where the parts are, as shares of width and height.
_PLACES = {
    names.SENSORY_GATE: (.125, .19), names.SYSTEM_A: (.375, .19), names.SYSTEM_B: (.625, .19),
    names.MOTOR_GATE: (.875, .19), names.SYSTEM_A_LEARNER: (.375, .52),
    names.SYSTEM_B_LEARNER: (.625, .52), names.SYSTEM_M: (.875, .52), BODY: (.125, .52),
    names.EPISODIC_MEMORY: (.5, .85)}
_BOX = (.195, .155)
# Pathways that would cross a part go round: the points between, as shares.
_ROUTES: Mapping[Pair, tuple[tuple[float, float], ...]] = {
    (names.MOTOR_GATE, BODY): ((.986, .19), (.986, .965), (.125, .965)),
    (names.MOTOR_GATE, names.SYSTEM_A): ((.85, .075), (.375, .075)),
    (names.SENSORY_GATE, names.EPISODIC_MEMORY): ((.19, .33), (.25, .33), (.25, .85)),
    (names.MOTOR_GATE, names.EPISODIC_MEMORY): ((.81, .33), (.75, .33), (.75, .85)),
    (BODY, names.MOTOR_GATE): ((.014, .52), (.014, .025), (.9, .025))}
_SHORT = {names.SYSTEM_A_LEARNER: 'A learner', names.SYSTEM_B_LEARNER: 'B learner',
          names.SYSTEM_A: 'System A', names.SYSTEM_B: 'System B', names.SYSTEM_M: 'System M',
          names.SENSORY_GATE: 'sensory gate', names.MOTOR_GATE: 'motor gate',
          names.EPISODIC_MEMORY: 'memory'}
# Where a box has no room for that.
_SHORTEST = {names.SYSTEM_A_LEARNER: 'learn A', names.SYSTEM_B_LEARNER: 'learn B',
             names.SYSTEM_A: 'A', names.SYSTEM_B: 'B', names.SYSTEM_M: 'M',
             names.SENSORY_GATE: 'senses', names.MOTOR_GATE: 'motors'}


@dataclass(frozen=True)
class Wiring:
    """What the diagram shows: the live pathways, and when those that changed lately did."""

    pathways: Pathways = field(default_factory=Pathways)
    opened: Mapping[Pair, float] = field(default_factory=dict)
    shut: Mapping[Pair, float] = field(default_factory=dict)

    def state(self, pair: Pair) -> str:
        """Return how a pathway is drawn."""
        if pair in self.pathways.unfit and pair not in self.pathways.lit:
            return UNFIT
        if pair in self.pathways.lit:
            return OPENED if pair in self.opened else LIT
        return SHUT if pair in self.shut else DARK

    def pairs(self) -> list[Pair]:
        """Return all pathways, those that can be and those that are; lit ones last, on top."""
        every = dict.fromkeys([*DECLARED, *self.pathways.lit, *self.pathways.unfit])
        return sorted(every, key=lambda pair: self.state(pair) != DARK)


def status_text(part: str, view: View, wiring: Wiring) -> str:
    """Return the second line of a part's box."""
    if part == BODY:
        return wiring.pathways.body if BODY in wiring.pathways.wired else 'not in the graph'
    if part == names.MOTOR_GATE and not view.gate_is_stale:
        return 'open' if view.motor_gate.open > 0 else (
            'held' if view.motor_gate.held > 0 else 'shut')
    status = view.statuses.get(part, NodeStatus())
    if part == names.SYSTEM_M:
        return 'not heard' if view.is_stale else view.mode
    wired = 'wired' if part in wiring.pathways.wired else 'unwired'
    return wired if status.level <= OK else status.message.removeprefix('active: ') or wired


class WiringView(QtWidgets.QWidget):
    """Draws the parts and the pathways between them."""

    def __init__(self) -> None:
        super().__init__()
        self.wiring, self._view, self._theme = Wiring(), View(), LIGHT
        self.setMinimumSize(300, 250)
        self.setMouseTracking(True)

    def show_view(self, view: View, theme: Theme, wiring: Wiring) -> None:
        """Show what is there."""
        self.wiring, self._view, self._theme = wiring, view, theme
        self.update()

    def sizeHint(self) -> Any:    # noqa: N802  (Qt's name)
        return QtCore.QSize(620, 340)

    def event(self, event: Any) -> bool:
        """Name the topics of a part's pathways when the pointer rests on it."""
        if event.type() == QtCore.QEvent.Type.ToolTip:
            part = next((name for name in _PLACES
                         if self._box(name).contains(QtCore.QPointF(event.pos()))), '')
            if part:
                QtWidgets.QToolTip.showText(event.globalPos(), self.tip(part), self)
            return True
        return bool(super().event(event))

    def tip(self, part: str) -> str:
        """Return which topics a part hears and sends now."""
        lit = self.wiring.pathways.lit
        lines = [f'{part}: {status_text(part, self._view, self.wiring)}']
        for pair, topics in sorted(lit.items()):
            if part in pair:
                lines.append(f'{pair[0]} -> {pair[1]}: {", ".join(sorted(topics))}')
        if message := self._view.statuses.get(part, NodeStatus()).message:
            lines.append(message)
        return '\n'.join(lines)

    def _box(self, part: str) -> Any:
        x, y = _PLACES[part]
        width, height = _BOX[0] * self.width(), max(_BOX[1] * self._inner(), 34.0)
        return QtCore.QRectF(x * self.width() - width / 2, y * self._inner() - height / 2,
                             width, height)

    def _inner(self) -> float:
        """Return the height without the legend."""
        return float(self.height() - 20)

    def paintEvent(self, _: Any) -> None:    # noqa: N802  (Qt's name)
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        for pair in self.wiring.pairs():
            if all(part in _PLACES for part in pair):
                self._draw_pathway(painter, pair)
        for part in _PLACES:
            self._draw_part(painter, part)
        self._draw_legend(painter)
        painter.end()

    def _pen(self, state: str) -> Any:
        theme, style = self._theme, QtCore.Qt.PenStyle
        colour, width, line = {
            LIT: (theme.accent, 2.0, style.SolidLine), DARK: (theme.faint, 1.2, style.SolidLine),
            OPENED: (theme.good, 3.5, style.SolidLine), SHUT: (theme.bad, 2.0, style.DashLine),
            UNFIT: (theme.warning, 2.0, style.DotLine)}[state]
        return QtGui.QPen(QtGui.QColor(colour), width, line)

    def _draw_pathway(self, painter: Any, pair: Pair) -> None:
        points = self._points(pair)
        painter.setPen(self._pen(self.wiring.state(pair)))
        painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
        path = QtGui.QPainterPath(points[0])
        for before, corner, after in zip(points, points[1:], points[2:], strict=False):
            path.lineTo(_towards(corner, before, 10.0))
            path.quadTo(corner, _towards(corner, after, 10.0))
        path.lineTo(points[-1])
        painter.drawPath(path)
        _arrow(painter, points[-2], points[-1])

    def _points(self, pair: Pair) -> list[Any]:
        """Return where a pathway goes, from the border of a box to the border of another."""
        start, end = self._box(pair[0]).center(), self._box(pair[1]).center()
        route = [QtCore.QPointF(x * self.width(), y * self._inner())
                 for x, y in _ROUTES.get(pair, ())]
        if not route and self._both_ways(pair):
            length = math.hypot(end.x() - start.x(), end.y() - start.y()) or 1.0
            aside = QtCore.QPointF(-(end.y() - start.y()), end.x() - start.x()) * (5.0 / length)
            start, end = start + aside, end + aside
        if route:
            return [_nearest(self._box(pair[0]), route[0]), *route,
                    _nearest(self._box(pair[1]), route[-1])]
        return [_border(self._box(pair[0]), start, end), _border(self._box(pair[1]), end, start)]

    def _both_ways(self, pair: Pair) -> bool:
        back = (pair[1], pair[0])
        return back not in _ROUTES and (back in DECLARED or back in self.wiring.pathways.lit)

    def _draw_part(self, painter: Any, part: str) -> None:
        theme, box = self._theme, self._box(part)
        lit = part in self.wiring.pathways.wired or (
            part == names.SYSTEM_M and not self._view.is_stale)
        status = self._view.statuses.get(part, NodeStatus())
        stale = self._view.is_stale
        border = (theme.bad if status.level > WARN and not stale else
                  theme.warning if status.level == WARN and not stale else
                  theme.accent if lit else theme.border)
        painter.setPen(QtGui.QPen(QtGui.QColor(border), 1.5))
        painter.setBrush(QtGui.QColor(theme.card if lit else theme.ground))
        painter.drawRoundedRect(box, 7, 7)
        flag, elide = QtCore.Qt.AlignmentFlag, QtCore.Qt.TextElideMode.ElideRight
        metrics = painter.fontMetrics()
        room = int(box.width() - 6)
        name = _SHORT.get(part, part)
        if metrics.horizontalAdvance(name) > room - 2:      # so much is lost to rounding
            name = _SHORTEST.get(part, name)
        half = QtCore.QRectF(box.left(), box.top() + 2, box.width(), box.height() / 2)
        painter.setPen(QtGui.QColor(theme.text if lit else theme.muted))
        painter.drawText(half, flag.AlignCenter, metrics.elidedText(name, elide, room))
        painter.setPen(QtGui.QColor(theme.muted))
        painter.drawText(half.translated(0, box.height() / 2 - 4), flag.AlignCenter,
                         metrics.elidedText(status_text(part, self._view, self.wiring), elide,
                                            room))

    def _draw_legend(self, painter: Any) -> None:
        x, y = 2.0, self.height() - 9.0
        metrics = painter.fontMetrics()
        for state, text in ((LIT, 'open'), (DARK, 'shut'), (OPENED, 'just opened'),
                            (SHUT, 'just shut'), (UNFIT, 'QoS does not fit')):
            width = 23 + metrics.horizontalAdvance(text)
            if x + width > self.width():
                return
            painter.setPen(self._pen(state))
            painter.drawLine(QtCore.QPointF(x, y), QtCore.QPointF(x + 18, y))
            painter.setPen(QtGui.QColor(self._theme.muted))
            painter.drawText(QtCore.QPointF(x + 23, y + metrics.ascent() / 2 - 1), text)
            x += width + 14


def _towards(start: Any, end: Any, far: float) -> Any:
    length = math.hypot(end.x() - start.x(), end.y() - start.y()) or 1.0
    return start + (end - start) * min(0.5, far / length)


def _nearest(box: Any, point: Any) -> Any:
    return QtCore.QPointF(min(max(point.x(), box.left()), box.right()),
                          min(max(point.y(), box.top()), box.bottom()))


def _border(box: Any, inside: Any, outside: Any) -> Any:
    """Return where the line from a point in a box to one outside crosses the border."""
    dx, dy = outside.x() - inside.x(), outside.y() - inside.y()
    share = 1.0
    if dx:
        share = min(share, ((box.right() if dx > 0 else box.left()) - inside.x()) / dx)
    if dy:
        share = min(share, ((box.bottom() if dy > 0 else box.top()) - inside.y()) / dy)
    return QtCore.QPointF(inside.x() + dx * share, inside.y() + dy * share)


def _arrow(painter: Any, before: Any, tip: Any) -> None:
    angle = math.atan2(tip.y() - before.y(), tip.x() - before.x())
    size = 4.5 + painter.pen().widthF()
    wings = [QtCore.QPointF(tip.x() - size * math.cos(angle + turn),
                            tip.y() - size * math.sin(angle + turn)) for turn in (0.45, -0.45)]
    painter.setBrush(painter.pen().color())
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    painter.drawPolygon(QtGui.QPolygonF([tip, *wings]))
