"""Which of a robot's readings to act on, where they come faster than the control period."""

# Of a period: a reading that is further off than this comes after a pause.
_PAUSE = 0.75
# Of a period: what comes sooner after another leaves no time for an action.
_SOONEST = 0.5


class Pace:
    """
    Takes one reading per control period: the one nearest to when it is due.

    Drivers publish at rates that no control period is a multiple of, and late. A reading is due a
    period after the last one was, not after it came: so errors do not add up, and the rate at
    which readings are taken is that of the control period.
    """

    def __init__(self, period_s: float) -> None:
        self._period_ns = period_s * 1e9
        self._due_ns: float | None = None
        self._taken_ns = -1
        self._seen_ns = -1
        self._gap_ns = 0

    def is_due(self, stamp_ns: int) -> bool:
        """
        Tell whether to act on a reading; to be asked of every one, in the order they come.

        After a clock that jumped back everything begins anew.
        """
        if stamp_ns < self._seen_ns:
            self._due_ns = None
        elif stamp_ns > self._seen_ns:
            self._gap_ns = stamp_ns - self._seen_ns
        self._seen_ns = stamp_ns
        if self._due_ns is None:
            return True
        # The next one is expected as long after this one: is it nearer?
        return (stamp_ns >= self._due_ns - self._gap_ns / 2
                and stamp_ns - self._taken_ns >= _SOONEST * self._period_ns)

    def take(self, stamp_ns: int) -> None:
        """Note that a reading was acted on."""
        due_ns = stamp_ns if self._due_ns is None else self._due_ns
        if abs(stamp_ns - due_ns) > _PAUSE * self._period_ns:
            due_ns = stamp_ns
        self._due_ns, self._taken_ns = due_ns + self._period_ns, stamp_ns
