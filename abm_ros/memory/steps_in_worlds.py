"""Memory's part in worlds: which of them a step is of, and what actions do in each."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from abm_ros.common.errors import StoreError
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Step
from abm_ros.memory.record.store import Store
from abm_ros.memory.record.worlds import keep_worlds, relabel
from abm_ros.memory.replay.index import ReplayIndex
from abm_ros.world_model.worlds.actuator_map import ActuatorMap
from abm_ros.world_model.worlds.told import HeardWorld, ToldWorld

_KEPT = 64         # words that wait for their steps
_KEEP_S = 10.0     # between two writings of the maps of worlds that did not change otherwise


class StepsInWorlds:
    """
    Brings what System A tells of the world in order with the steps that memory takes.

    A step comes after what was told at its observation: that is the order in which the in-process
    agent has them, so that replay holds the same. `exact` says that a step waits for that word;
    otherwise it takes what was told so far.
    """

    def __init__(self, store: Store, index: ReplayIndex, guard: threading.Lock,
                 say: Callable[[StoreError], None]) -> None:
        """
        Take the maps of worlds that the record knows.

        :param guard: is held by whoever changes the index.
        :param say: is told what cannot be written.
        """
        self.exact = False
        self._store, self._index, self._guard, self._say = store, index, guard, say
        self._steps: deque[Step] = deque()
        self._heard: deque[HeardWorld] = deque()
        index.maps = read_maps(store.worlds, index.spec)
        # Of forgotten worlds too: steps that are durable keep their numbers.
        self._ever = dict(index.maps)
        self._written = tuple(index.maps)
        self._written_s = time.monotonic()

    def hear(self, heard: HeardWorld) -> None:
        """Take what System A told."""
        if self._heard and heard.stamp_ns <= self._heard[-1].stamp_ns:
            self._heard.clear()      # the clock was set back
        self._heard.append(heard)
        if len(self._heard) > _KEPT:
            # Where nothing is recorded. A later word says it all, but that a world began.
            self._heard.remove(next((h for h in self._heard if not h.told.began), self._heard[0]))

    def settle(self, steps: Iterable[Step], *, last: bool = False) -> Iterator[Step]:
        """
        Take settled steps; yield those that may be recorded, each with its world.

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
            for heard in told:
                self._follow(heard.told)
            yield replace(step, world=self._index.lived_world)

    def _follow(self, told: ToldWorld) -> None:
        with self._guard:
            late = self._index.follow(told)
        self._ever.update(told.maps)
        try:
            if late:
                relabel(self._store, self._store.next_id - late, told.world)
            if (tuple(told.maps) != self._written
                    or (len(told.maps) > 1 and time.monotonic() > self._written_s + _KEEP_S)):
                self.keep()
        except StoreError as error:
            self._say(error)

    def keep(self) -> None:
        """
        Make the maps of worlds durable.

        :raises StoreError: they cannot be written.
        """
        self._written, self._written_s = tuple(self._index.maps), time.monotonic()
        keep_worlds(self._store, json.dumps({
            str(world): {'mean': known.mean.tolist(), 'offset': known.offset.tolist()}
            for world, known in self._ever.items()}))


def read_maps(text: str, spec: ObservationSpec) -> Mapping[int, ActuatorMap]:
    """Return the maps of worlds that a record holds; none where they are not of this body."""
    try:
        maps = {int(world): ActuatorMap(np.array(known['mean'], float), np.zeros((0, 0)),
                                        np.array(known['offset'], float))
                for world, known in json.loads(text).items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}
    shape, sizes = (spec.action_size, spec.action_size + 1), (0, spec.numbers)
    return {world: known for world, known in maps.items()
            if known.mean.shape == shape and known.offset.size in sizes}
