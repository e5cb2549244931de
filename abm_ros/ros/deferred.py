"""Defers work that is off the control path (decision 0011)."""

from collections import deque
from collections.abc import Callable
from typing import Any

from abm_ros.ros.node import PartNode


class Deferred:
    """
    Runs work after the chain from sensors to motors has answered.

    Measuring, planning ahead and recording can wait a few milliseconds. Done at once, they would
    take a processor from the next node of the chain. When the next reading comes, call `flush`
    first: work that still waits must be done before it.
    """

    def __init__(self, node: PartNode[Any], delay_s: float) -> None:
        """:param delay_s: how long work waits; 0 runs it at once."""
        self._node = node
        self._work: deque[tuple[str, Callable[..., None], tuple[Any, ...]]] = deque()
        self._timer = None
        if delay_s > 0:
            self._timer = node.steady.add(delay_s, self.flush)
            self._timer.cancel()

    def __call__(self, what: str, callback: Callable[..., None], *args: Any) -> None:
        """Run `callback(*args)` later; an error is logged under the name `what`."""
        if self._timer is None:
            self._node.guarded(what, callback, *args)
            return
        self._work.append((what, callback, args))
        if len(self._work) == 1:
            self._timer.reset()

    def flush(self) -> None:
        """Run all waiting work now, in order."""
        if self._timer is not None and self._work:
            self._timer.cancel()
            while self._work:
                what, callback, args = self._work.popleft()
                self._node.guarded(what, callback, *args)
