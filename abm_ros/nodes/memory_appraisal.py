"""Keeps the appraisal of episodic_memory up to date, in a thread of its own."""

import math
import threading
import time
from typing import Any

import numpy as np

from abm_ros.common.snapshot import Snapshot
from abm_ros.common.transition import Observation, Step
from abm_ros.memory.appraisal import AppraisalConfig, Appraiser, draw, read
from abm_ros.memory.record.store import Store
from abm_ros.memory.replay.index import ReplayIndex
from abm_ros.ros.node import PartNode
from abm_ros.world_model.perception import PerceivingModel, Perception

_REST = 2.0            # pause after a chunk, relative to its duration, since recording comes first
_TICK_S = 0.05
_NOVELTIES_KEPT = 8
_FEWEST = 50           # transitions; with fewer nothing is appraised


class Appraising:
    """Appraises an index with each new model of System A; the newest result counts."""

    def __init__(self, node: PartNode[Any], index: ReplayIndex, guard: threading.Lock,
                 config: AppraisalConfig, rng: np.random.Generator) -> None:
        """:param guard: is held by whoever changes the index."""
        self._node, self._index, self._guard = node, index, guard
        self._config, self._rng = config, rng
        self._arrived: bytes | None = None
        self._newest_data: bytes | None = None
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self._done_s = float('-inf')
        self._novelty: dict[int, float] = {}   # of the newest observations, by their stamps
        self._before: tuple[int, Step] | None = None
        self.newest: Appraiser | None = None
        self.rounds = 0

    def take(self, data: bytes) -> None:
        """Take a model's snapshot."""
        self._arrived = self._newest_data = data
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name='appraising', daemon=True)
            self._thread.start()

    def model(self) -> PerceivingModel | None:
        """Return System A's newest model, None before there is one that learned something."""
        data = self._newest_data
        if data is None:
            return None
        source = Snapshot.from_bytes(data)
        return Perception(self._index.spec).open(source) if source.version > 0 else None

    def observed(self, seen: Observation) -> None:
        """Note how novel an observation is."""
        self._novelty[seen.stamp_ns] = (
            math.nan if self.newest is None else self.newest.novelty(seen.vector))
        while len(self._novelty) > _NOVELTIES_KEPT:
            del self._novelty[next(iter(self._novelty))]

    def novelty(self, stamp_ns: int | None = None) -> float:
        """Return the novelty of the observation stamped so, or of the newest; NaN if unknown."""
        found = [*self._novelty.values()][-1:] if stamp_ns is None else (
            [self._novelty[stamp_ns]] if stamp_ns in self._novelty else [])
        return found[0] if found else math.nan

    def recorded(self, store: Store, number: int, step: Step) -> None:
        """Note how surprising the step before was, now that it is known what followed."""
        before, self._before = self._before, (number, step)
        if self.newest is None or before is None:
            return
        last, index = before[1], self._index
        if last.action is None or (last.episode, last.index + 1) != (step.episode, step.index):
            return
        surprise = self.newest.surprise(
            index.true(last.observation, last.world), index.effective(last.action, last.world),
            index.true(step.observation, step.world))
        store.note(before[0], math.nan, surprise)
        with self._guard:
            index.note(surprise)

    def close(self) -> None:
        """End the thread."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(5.0)

    def _work(self) -> None:
        # No niceness: a thread that holds Python's lock and is not scheduled stops the whole node.
        while self._arrived is not None and not self._ending.is_set():
            if (time.monotonic() - self._done_s < self._config.appraise_period_s
                    or len(self._index) < _FEWEST):
                self._ending.wait(_TICK_S)
                continue
            data, self._arrived = self._arrived, None
            self._node.guarded('model', self._appraise, data)

    def _appraise(self, data: bytes) -> None:
        index, guard = self._index, self._guard
        model = Perception(index.spec).open(Snapshot.from_bytes(data))
        with guard:
            step = draw(index, self._rng, self._config.library)

        def chunks() -> Any:
            for chunk in read(index, step):
                began_s = time.monotonic()
                with guard:
                    transitions = chunk()
                yield transitions
                if self._ending.wait(_REST * (time.monotonic() - began_s)):
                    return

        made = Appraiser(model, chunks(), self._config.neighbours)
        found = made.appraised
        with guard:
            index.priorities.appraise(found.step, found.surprise, found.novelty)
        self.newest = made
        self.rounds += 1
        self._done_s = time.monotonic()
