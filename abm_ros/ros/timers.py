"""
Timers of a node, called by its spinning loop between two messages (decision 0013).

rclpy's own are not used: its EventsExecutor (9.1) calls a timer that is due once more for each
other timer that is reset meanwhile, and each call puts the next one off by a period. A node was
then silent for seconds, and what set its timers anew fed on itself on a busy computer: the node
did nothing else any more, and its queue grew to gigabytes.
"""

import time
from collections.abc import Callable


class SteadyTimer:
    """
    Calls back once whenever it is due, by a clock that nobody sets.

    :param period_s: between two calls, and until the first one.
    """

    def __init__(self, period_s: float, callback: Callable[[], None]) -> None:
        self.period_s, self._callback = period_s, callback
        self.due_s: float | None = None     # by `time.monotonic`; None while it is cancelled
        self.reset()

    def reset(self) -> None:
        """Be due a period from now."""
        self.due_s = time.monotonic() + self.period_s

    def cancel(self) -> None:
        """Be due no more until it is reset."""
        self.due_s = None

    def call(self, now_s: float) -> None:
        """Call back if it is due; periods that were missed are left out."""
        if self.due_s is None or now_s < self.due_s:
            return
        following_s = self.due_s + self.period_s
        self.due_s = following_s if following_s > now_s else now_s + self.period_s
        self._callback()


class Timers:
    """The timers of a node."""

    def __init__(self) -> None:
        self._each: list[SteadyTimer] = []

    def add(self, period_s: float, callback: Callable[[], None]) -> SteadyTimer:
        """Make a timer that is first due a period from now."""
        timer = SteadyTimer(period_s, callback)
        self._each.append(timer)
        return timer

    def remove(self, timer: SteadyTimer) -> None:
        """End a timer for good."""
        timer.cancel()
        self._each = [one for one in self._each if one is not timer]

    def wait_s(self, most_s: float) -> float:
        """Return how long nothing is due, `most_s` at most."""
        now_s = time.monotonic()
        due_s = [one.due_s - now_s for one in self._each if one.due_s is not None]
        return max(min([most_s, *due_s]), 0.0)

    def run(self) -> None:
        """Call those that are due; a callback may add, remove, reset and cancel any."""
        now_s = time.monotonic()
        for timer in self._each:
            timer.call(now_s)
