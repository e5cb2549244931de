"""What a consumer of replay asks for, until it is answered."""

from dataclasses import replace
from typing import Any

from std_msgs.msg import Float32MultiArray

from abm_ros.ros.replay_link import Credits, addressed_to


class ReplayRequests:
    """
    The requests of one consumer: numbered, and void with their session.

    :param consumer: its name.
    """

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer
        self._session = self._number = 0
        self._asked: dict[int, Credits] = {}
        self._left: dict[int, int] = {}

    def renew(self) -> None:
        """Begin a new session: what the last one asked for is not awaited any more."""
        self._session += 1
        self._asked.clear()
        self._left.clear()

    def make(self, **what: Any) -> Credits:
        """Return the next request; `what` are fields of Credits."""
        self._number += 1
        made = Credits(consumer=self._consumer, session=str(self._session), number=self._number,
                       **what)
        self._asked[self._number], self._left[self._number] = made, made.count
        return made

    def is_answered(self, message: Float32MultiArray) -> bool:
        """
        Tell whether a batch answers a request of this session, which is awaited until its last.

        :raises SpecError: it has no number.
        """
        consumer, session, number = addressed_to(message)
        if (consumer, session) != (self._consumer, str(self._session)):
            return False
        if number in self._left:
            self._left[number] -= 1
            if not self._left[number]:
                del self._asked[number], self._left[number]
        return True

    @property
    def made(self) -> int:
        """Number of requests made so far."""
        return self._number

    @property
    def unanswered(self) -> tuple[Credits, ...]:
        """What is still awaited, oldest first; a memory that forgot it serves just that."""
        return tuple(replace(asked, count=self._left[number])
                     for number, asked in self._asked.items())

    @property
    def waits(self) -> bool:
        """Whether memory may be right not to answer: nothing of what is asked has come yet."""
        return bool(self._asked) and all(
            asked.count == self._left[number] for number, asked in self._asked.items())
