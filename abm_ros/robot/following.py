"""
Which joints do as they are told, and how far those may be moved that do not, or may not.

A drive that was wired the other way round, or replaced by one that turns the other way, goes out
when it is told to go in. The guard keeps commands within limits, so from a stop no command would
bring such a joint back. Hence it is kept from touching one: near a stop, a joint first shows with
a short motion that it follows. Real drives watch their following error for the same reason.
"""

from collections.abc import Sequence

_LEAST_ASKED = 0.02      # of a full motion: less tells nothing
_LEAST_WRONG = 0.05      # likewise, of the motion that nothing explains
_ASTRAY = 0.5            # as a share of what was asked
_WITH = 0.5              # difference to what was asked, as a share of it, of a joint that follows
_KEPT = 0.25             # distance to a stop, as a share of the target's largest step
_BELIEVED = 100          # periods for which what a joint did counts, if nothing more is seen


class Following:
    """
    Compares what each joint was asked with what it did.

    :param full: (J,) motion of a full action in a period, rad or m.
    """

    def __init__(self, full: Sequence[float]) -> None:
        self._full = list(full)
        self._asked: list[float] = []
        self._earlier = [0.0] * len(self._full)
        self._from: list[float] = []
        self._age = [0] * len(self._full)
        self.follows = [False] * len(self._full)     # did as it was told in the last period
        self.astray = [False] * len(self._full)      # did something else
        self.contrary = [False] * len(self._full)    # and that was the contrary

    def measured(self, position: Sequence[float]) -> None:
        """Take where the joints are (J,) a period after they were asked."""
        self.follows = [False] * len(self._full)
        told = zip(self._asked, self._earlier, self._from, strict=False)
        for slot, (asked, earlier, before) in enumerate(told):
            self._age[slot] += 1
            if self._age[slot] > _BELIEVED:
                self.astray[slot] = False
            moved, full = position[slot] - before, self._full[slot]
            # A drive that lags still does what it was asked in the period before.
            low, high = min(asked, earlier, 0.0), max(asked, earlier, 0.0)
            spare = max(_LEAST_WRONG * full, _ASTRAY * max(-low, high))
            if not low - spare <= moved <= high + spare:
                self.astray[slot], self._age[slot] = True, 0
                self.contrary[slot] = moved * asked < 0.0
            elif (abs(asked) > _LEAST_ASKED * full
                    and abs(moved - asked) < _WITH * abs(asked)):
                self.astray[slot], self.follows[slot] = False, True
        self._earlier = self._asked or self._earlier
        self._asked = []

    def asked(self, position: Sequence[float], target: Sequence[float]) -> None:
        """Take from where (J,) the joints were asked to move, and to where."""
        self._from = list(position)
        self._asked = [goal - here for goal, here in zip(target, position, strict=True)]


def reach(position: float, lower: float, upper: float) -> float:
    """Return how far a joint may be moved that was not seen to follow, either way."""
    return max(0.5 * min(position - lower, upper - position), 0.0)


def reach_astray(position: float, stops: tuple[float, float], most: float, *, contrary: bool
                 ) -> tuple[float, float]:
    """
    Return how far down and up a joint may be told to go that does something else.

    Its target must be able to turn at once. A joint that goes up by e where it is told to go down
    by e leaves its target 2 e behind; so no motion is larger than a third of the largest step of a
    target. One that goes too far has that much room towards its stop. For one that does the
    contrary, away from its nearer stop is towards it, so that no such command may bring it there;
    one towards the stop is as far as there is room: if it does go that way, that is seen at once.

    :param most: largest step of the target in a period.
    """
    below, above = max(position - stops[0], 0.0), max(stops[1] - position, 0.0)
    nearer, away, towards = min(below, above), most / 3.0, most / 3.0
    if contrary:
        away, towards = min(max(nearer - _KEPT * most, 0.0), away), min(nearer, towards)
    else:
        towards = min(nearer / 3.0, towards)
    return (towards, away) if below < above else (away, towards)
