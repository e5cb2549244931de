"""Asks System M and the motor gate what the operator wants, beside the window's own thread."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from abm_ros.common.errors import AbmError
from abm_ros.ros.clients.operator import Answer, Operator

Ask = Callable[[Operator], Sequence[Answer]]


@dataclass(frozen=True)
class Reply:
    """What was asked, what was answered, and how long that took."""

    asked: str
    answers: Sequence[Answer]
    after_s: float

    @property
    def success(self) -> bool:
        """Whether everybody who was asked did it."""
        return bool(self.answers) and all(answer.success for answer in self.answers)


class OperatorDesk:
    """
    Keeps one client for as long as the window is open, so that a hold waits for no discovery.

    `replies` holds what was answered and not shown yet.
    """

    def __init__(self, namespace: str, make: Callable[[str], Operator] = Operator) -> None:
        """:param make: makes the client; it is used in one thread alone."""
        self._namespace, self._make = namespace, make
        self._asked: queue.SimpleQueue[tuple[str, Ask] | None] = queue.SimpleQueue()
        self.replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name='abm_operator', daemon=True)
        self._thread.start()

    def hold(self) -> None:
        """Shut the motors."""
        self._asked.put(('hold', lambda operator: operator.trigger('hold')))

    def release(self) -> None:
        """Let System M decide again."""
        self._asked.put(('release', lambda operator: operator.trigger('release')))

    def pin(self, mode: str) -> None:
        """Keep to a mode, or let phi decide with ''."""
        self._asked.put((f'pin {mode}' if mode else 'unpin',
                         lambda operator: operator.pin(mode)))

    def veto(self, modes: Sequence[str]) -> None:
        """Forbid exactly these modes."""
        self._asked.put((f'veto {", ".join(modes) or "nothing"}',
                         lambda operator: operator.veto(list(modes))))

    def close(self) -> None:
        """Stop asking."""
        self._asked.put(None)
        self._thread.join(2.0)

    def _work(self) -> None:
        try:
            with self._make(self._namespace) as operator:
                while (wanted := self._asked.get()) is not None:
                    asked, ask = wanted
                    began_s = time.monotonic()
                    self.replies.put(Reply(asked, _answers(ask, operator),
                                           time.monotonic() - began_s))
        except AbmError as error:
            self.replies.put(Reply('open the window', [Answer('operator', False, str(error))],
                                   0.0))


def _answers(ask: Ask, operator: Operator) -> Sequence[Answer]:
    try:
        return ask(operator)
    except AbmError as error:
        return [Answer('operator', False, str(error))]
