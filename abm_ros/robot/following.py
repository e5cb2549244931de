"""
Which joints do as they are told, and how far those may be moved that do not, or may not.

A drive that was wired the other way round, or replaced by one that turns the other way, goes out
when it is told to go in. The guard keeps commands within limits, so from a stop no command would
bring such a joint back. Hence it is kept from touching one: near a stop, a joint first shows with
a short motion that it follows. Real drives watch their following error for the same reason.
"""

from collections.abc import Sequence

_LEAST_ASKED = 0.02      # of a full motion: less tells nothing
_AGAINST = -0.25         # share of what was asked, below which a joint moves against it
_WITH = 0.5              # above which it does as told
_BELIEVED = 100          # periods for which what a joint did counts, if nothing more is seen


class Following:
    """
    Compares what each joint was asked with what it did.

    :param full: (J,) motion of a full action in a period, rad or m.
    """

    def __init__(self, full: Sequence[float]) -> None:
        self._full = list(full)
        self._asked: list[float] = []
        self._from: list[float] = []
        self._age = [0] * len(self._full)
        self.follows = [False] * len(self._full)     # did as it was told in the last period
        self.contrary = [False] * len(self._full)    # moved against its commands

    def measured(self, position: Sequence[float]) -> None:
        """Take where the joints are (J,) a period after they were asked."""
        self.follows = [False] * len(self._full)
        for slot, (asked, before) in enumerate(zip(self._asked, self._from, strict=True)):
            self._age[slot] += 1
            if self._age[slot] > _BELIEVED:
                self.contrary[slot] = False
            if abs(asked) < _LEAST_ASKED * self._full[slot]:
                continue
            self._age[slot] = 0
            share = (position[slot] - before) / asked
            if share < _AGAINST:
                self.contrary[slot] = True
            elif share > _WITH:
                self.contrary[slot], self.follows[slot] = False, True
        self._asked = []

    def asked(self, position: Sequence[float], target: Sequence[float]) -> None:
        """Take from where (J,) the joints were asked to move, and to where."""
        self._from = list(position)
        self._asked = [goal - here for goal, here in zip(target, position, strict=True)]


def reach(position: float, lower: float, upper: float) -> float:
    """Return how far a joint may be moved that was not seen to follow, either way."""
    return max(0.5 * min(position - lower, upper - position), 0.0)


def reach_of_contrary(position: float, lower: float, upper: float, most: float
                      ) -> tuple[float, float]:
    """
    Return how far down and up a joint may be told to go that moves against its commands.

    Away from its nearer stop is where commands must not send it: they take it there. So no such
    command brings it nearer than `most`, the largest step of a target, and none is larger than
    half of it: the target lags behind such a joint, and has to turn at once. A command towards the
    stop brings it away, as is seen at once.
    """
    below, above = max(position - lower, 0.0), max(upper - position, 0.0)
    nearer = min(below, above)
    away, towards = min(max(nearer - most, 0.0), 0.5 * most), 0.5 * nearer
    return (towards, away) if below < above else (away, towards)
