"""Lines of text that are cut at the edge, so that none moves the rest; a tip shows them whole."""

from typing import Any

from abm_ros.rqt.qt import QtCore, QtGui, QtWidgets


class Lines(QtWidgets.QLabel):
    """As many lines as its text has; hidden when it has none."""

    def __init__(self, name: str = '') -> None:
        super().__init__()
        self.setObjectName(name)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored,
                           QtWidgets.QSizePolicy.Policy.Fixed)
        self.hide()

    def setText(self, text: str) -> None:    # noqa: N802  (Qt's name)
        """Show a text."""
        if text == self.text() and self.toolTip() == text:
            return
        super().setText(text)
        self.setToolTip(text)
        self.setVisible(bool(text))
        self.updateGeometry()

    def sizeHint(self) -> Any:    # noqa: N802  (Qt's name)
        margins = self.contentsMargins()
        lines = self.text().count('\n') + 1
        return QtCore.QSize(60, lines * self.fontMetrics().lineSpacing() + margins.top()
                            + margins.bottom() + 2 * self._pad())

    def _pad(self) -> int:
        return 5 if self.objectName() == 'abm_warning' else 0

    def paintEvent(self, _: Any) -> None:    # noqa: N802  (Qt's name)
        painter = QtGui.QPainter(self)
        option = QtWidgets.QStyleOption()
        option.initFrom(self)
        self.style().drawPrimitive(QtWidgets.QStyle.PrimitiveElement.PE_Widget, option, painter,
                                   self)
        metrics = self.fontMetrics()
        side = 2 * self._pad()
        painter.setPen(self.palette().color(QtGui.QPalette.ColorRole.WindowText))
        for index, line in enumerate(self.text().split('\n')):
            painter.drawText(
                QtCore.QPointF(side, self._pad() + metrics.ascent()
                               + index * metrics.lineSpacing()),
                metrics.elidedText(line, QtCore.Qt.TextElideMode.ElideRight,
                                   self.width() - 2 * side))
        painter.end()
