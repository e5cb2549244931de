"""What the operator may do: hold, release, pin and veto, and what came of it."""

import time
from collections.abc import Callable
from typing import Any

from abm_ros.rqt.lines import Lines
from abm_ros.rqt.operator_desk import OperatorDesk, Reply
from abm_ros.rqt.qt import QtCore, QtWidgets
from abm_ros.rqt.seen import View
from abm_ros.rqt.theme import Theme

_CONFIRM_MS = 8000
_REPLIES = 5


def reply_text(reply: Reply, when: str) -> str:
    """Return what was asked and what each node answered."""
    answers = '; '.join(f'{one.who}: {one.text}' for one in reply.answers)
    done = 'done' if reply.success else 'NOT done'
    return f'{when}  {reply.asked}: {done} after {reply.after_s:.2f} s ({answers})'


class OperatorPanel(QtWidgets.QWidget):
    """
    A hold is asked at once: stopping never waits for a second click. All else is confirmed.

    Each control is named after what it does, so that assistive technology finds it.
    """

    def __init__(self, desk: OperatorDesk) -> None:
        super().__init__()
        self.desk = desk
        self._wanted: Callable[[], None] | None = None
        self._asker: Any = None
        self._view = View()
        self.hold = self._button('Hold', desk.hold)
        self.hold.setObjectName('abm_hold')
        self.release = self._button('Release', lambda: self._ask(
            self.release, 'release', self.desk.release))
        self.modes = QtWidgets.QComboBox()
        self.modes.setAccessibleName('mode')
        self.modes.currentTextChanged.connect(lambda _: self._show_choice())
        self.pin = self._button('Pin', self._ask_pin)
        self.unpin = self._button('Unpin', lambda: self._ask(
            self.unpin, 'let phi decide', lambda: self.desk.pin('')))
        self.veto = self._button('Veto', self._ask_veto)
        self.why_not, self.replies = Lines('abm_muted'), Lines('abm_muted')
        self.question = QtWidgets.QLabel()
        self.confirm = self._button('Confirm', self._confirmed)
        self.confirm.setObjectName('abm_confirm')
        self.cancel = self._button('Cancel', self._forget)
        self._timer = QtCore.QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._forget)
        self._shown: list[str] = []
        self._lay_out()
        self._forget()

    def _lay_out(self) -> None:
        box = QtWidgets.QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        for widgets in ((self.hold, self.release), (self.modes, self.pin, self.unpin, self.veto)):
            row = QtWidgets.QHBoxLayout()
            row.setSpacing(6)
            for widget in widgets:
                row.addWidget(widget, 1 if widget in (self.hold, self.release, self.modes) else 0)
            box.addLayout(row)
        box.addWidget(self.why_not)
        row = QtWidgets.QHBoxLayout()
        for widget in (self.question, self.confirm, self.cancel):
            row.addWidget(widget)
        row.insertStretch(1, 1)
        box.addLayout(row)
        box.addWidget(self.replies)
        box.addStretch(1)

    def _button(self, text: str, press: Callable[[], Any]) -> Any:
        made = QtWidgets.QPushButton(text)
        made.clicked.connect(lambda *_: press())
        return made

    def _ask(self, asker: Any, text: str, wanted: Callable[[], None]) -> None:
        self._wanted, self._asker = wanted, asker
        self.question.setText(f'Really {text}?')
        for widget in (self.question, self.confirm, self.cancel):
            widget.setVisible(True)
        self._timer.start(_CONFIRM_MS)

    def _ask_pin(self) -> None:
        if mode := self.modes.currentText():
            self._ask(self.pin, f'pin {mode}', lambda: self.desk.pin(mode))

    def _ask_veto(self) -> None:
        if not (mode := self.modes.currentText()):
            return
        vetoed = self._vetoed()
        if mode in vetoed:
            left = [name for name in vetoed if name != mode]
            self._ask(self.veto, f'allow {mode} again', lambda: self.desk.veto(left))
        else:
            asked = [*vetoed, mode]
            self._ask(self.veto, f'veto {mode}', lambda: self.desk.veto(asked))

    def _confirmed(self) -> None:
        wanted = self._wanted
        self._forget()
        if wanted is not None:
            wanted()

    def _forget(self) -> None:
        self._wanted = None
        self._timer.stop()
        if self.confirm.hasFocus() or self.cancel.hasFocus():
            # Qt would go on to what comes next, and scroll there: away from Hold.
            (self._asker if self._asker.isEnabled() else self.hold).setFocus()
        for widget in (self.question, self.confirm, self.cancel):
            widget.setVisible(False)

    def show_view(self, view: View, _: Theme) -> None:
        """Show which modes there are, what binds them, and what was answered."""
        self._view, modes = view, view.modes
        if [self.modes.itemText(i) for i in range(self.modes.count())] != modes:
            chosen = self.modes.currentText()
            self.modes.clear()
            self.modes.addItems(modes)
            if chosen in modes:
                self.modes.setCurrentText(chosen)
        self._show_choice()
        self.unpin.setEnabled(bool(view.decision.get('pinned')))
        self.release.setEnabled(view.held or view.is_stale)
        self._take_replies()

    def _show_choice(self) -> None:
        """Show what may be done with the mode that is chosen."""
        mode, decision = self.modes.currentText(), self._view.decision
        self.veto.setText('Allow' if mode in self._vetoed() else 'Veto')
        self.veto.setEnabled(bool(mode) and mode != decision.get('safe'))
        rule = decision.get('forbidden', {}).get(mode, '')
        self.why_not.setText(f'{mode} may not be now: {rule}' if rule else '')

    def _vetoed(self) -> list[str]:
        return list(self._view.decision.get('vetoed', ()))

    def _take_replies(self) -> None:
        while not self.desk.replies.empty():
            self._shown.insert(0, reply_text(self.desk.replies.get(), time.strftime('%H:%M:%S')))
        del self._shown[_REPLIES:]
        self.replies.setText('\n'.join(self._shown))
