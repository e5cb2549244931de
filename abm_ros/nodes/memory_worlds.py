"""Brings what System A tells of the world in order with the steps that memory takes."""

from collections import deque
from collections.abc import Iterable, Iterator

from abm_ros.common.transition import Step
from abm_ros.nodes.world_codec import HeardWorld
from abm_ros.world_model.worlds.told import ToldWorld

_KEPT = 64         # words that wait for their steps


class StepsInWorlds:
    """
    Steps, each after what System A told of the world at its observation.

    That is the order in which the in-process agent has them, so that replay holds the same.

    `exact` says that a step waits for that word; otherwise it takes what was told so far.
    """

    def __init__(self) -> None:
        self.exact = False
        self._steps: deque[Step] = deque()
        self._heard: deque[HeardWorld] = deque()

    def hear(self, heard: HeardWorld) -> None:
        """Take what System A told."""
        if self._heard and heard.stamp_ns <= self._heard[-1].stamp_ns:
            self._heard.clear()      # the clock was set back
        self._heard.append(heard)
        if len(self._heard) > _KEPT:
            # Where nothing is recorded. A later word says it all, but that a world began.
            self._heard.remove(next((h for h in self._heard if not h.told.began), self._heard[0]))

    def settle(self, steps: Iterable[Step], *, last: bool = False
               ) -> Iterator[tuple[Step, list[ToldWorld]]]:
        """
        Take settled steps; yield those that may be recorded, with what is to be followed before.

        :param last: wait for nothing.
        """
        self._steps.extend(steps)
        while self._steps:
            step, told = self._steps[0], []
            while self._heard and self._heard[0].stamp_ns <= step.stamp_ns:
                told.append(self._heard.popleft())
            if self.exact and not last and (
                    not told or told[-1].stamp_ns != step.stamp_ns):
                self._heard.extendleft(reversed(told))
                return
            self._steps.popleft()
            yield step, [heard.told for heard in told]
