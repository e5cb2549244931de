"""What a consumer of replay asks for, until it is answered."""

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
        self._unanswered: dict[int, Credits] = {}

    def renew(self) -> None:
        """Begin a new session: what the last one asked for is not awaited any more."""
        self._session += 1
        self._unanswered.clear()

    def make(self, **what: Any) -> Credits:
        """Return the next request; `what` are fields of Credits."""
        self._number += 1
        made = Credits(consumer=self._consumer, session=str(self._session), number=self._number,
                       **what)
        self._unanswered[self._number] = made
        return made

    def is_answered(self, message: Float32MultiArray) -> bool:
        """
        Tell whether a batch answers a request of this session, which is not unanswered then.

        :raises SpecError: it has no number.
        """
        consumer, session, number = addressed_to(message)
        if (consumer, session) != (self._consumer, str(self._session)):
            return False
        self._unanswered.pop(number, None)
        return True

    @property
    def unanswered(self) -> tuple[Credits, ...]:
        """The requests that no batch answered yet, oldest first."""
        return tuple(self._unanswered.values())
