"""The tail of the audit log."""

import time
from typing import Any

from abm_ros.rqt.qt import QtGui, QtWidgets
from abm_ros.rqt.seen import Record, View
from abm_ros.rqt.theme import Theme


def line_of(record: Record) -> str:
    """Return one line about a record."""
    when = time.strftime('%H:%M:%S', time.localtime(record.stamp_ns / 1e9))
    return f'{record.seq:4d}  {when}  {record.kind:12s}  {record.text}'


class AuditPanel(QtWidgets.QPlainTextEdit):
    """Newest last; stays where the reader scrolled to."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setLineWrapMode(QtWidgets.QPlainTextEdit.LineWrapMode.NoWrap)
        self.setMinimumHeight(120)
        self.setAccessibleName('audit log')
        font = QtGui.QFontDatabase.systemFont(QtGui.QFontDatabase.SystemFont.FixedFont)
        font.setStyleHint(QtGui.QFont.StyleHint.Monospace)
        font.setFamily('monospace')
        font.setPointSizeF(self.font().pointSizeF() * 0.92)
        self.setFont(font)
        self._shown: list[Record] = []

    def show_view(self, view: View, _: Theme) -> None:
        """Show what is heard."""
        records: list[Any] = list(view.records)
        if records == self._shown:
            return
        at_end, place = self._is_at_end(), self.verticalScrollBar().value()
        self._shown = records
        self.setPlainText('\n'.join(map(line_of, records)))
        self._go_to(at_end, place)

    def resizeEvent(self, event: Any) -> None:    # noqa: N802  (Qt's name)
        at_end, place = self._is_at_end(), self.verticalScrollBar().value()
        super().resizeEvent(event)
        self._go_to(at_end, place)

    def _is_at_end(self) -> bool:
        bar = self.verticalScrollBar()
        return bool(bar.value() >= bar.maximum() - 2)

    def _go_to(self, end: bool, place: int) -> None:
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum() if end else place)
