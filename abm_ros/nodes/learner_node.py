"""
What `system_a_learner` and `system_b_learner` share.

The executor thread moves messages; a thread of its own trains, so that a transition or a
parameter never waits for a gradient step. Replay is asked for in credits: a round begins when
enough experience was recorded, and its batches come no faster than they are used.
"""

import os
import queue
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Generic, Protocol, TypeVar

from std_msgs.msg import Float32MultiArray

from abm_ros.common.config import setting
from abm_ros.common.errors import AbmError
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.telemetry import LearnerTelemetry
from abm_ros.memory.replay.draw import PICKS, REVERSE, UNIFORM
from abm_ros.memory.schedule import SCHEDULES, ScheduleConfig
from abm_ros.ros.codec import encode_bytes
from abm_ros.ros.node import PartNode, blamed
from abm_ros.ros.replay_link import (
    Credits,
    ReplayedBatch,
    addressed_to,
    decode_batch,
    encode_credits,
)

_CHUNK = 8          # batches asked for at a time
NICENESS = 10      # training gives way to the control path
_SAVE_PERIOD_S = 5.0
_REPEAT_PERIOD_S = 0.25
_STALL_S = 5.0
CONSOLIDATION_UPDATES = 100


@dataclass(frozen=True)
class LearnerConfig(ScheduleConfig):
    """Settings that both learners share."""

    directory: str = setting('~/.ros/abm_ros', 'Folder; snapshots lie in its models/.')
    seed: int = setting(0, 'Seed of weights and training.', low=0)
    exact_rounds: bool = setting(
        False, 'Every round takes place, in order; nothing is skipped to catch up.')
    schedule: str = setting(
        'online', 'online: rounds as experience comes; consolidate: at full speed; '
        'value: values only, from reverse replay (System B; System A then learns online).',
        choices=SCHEDULES, runtime=True)
    pick: str = setting(
        UNIFORM, 'What replay prefers: nothing, surprising transitions, those that taught '
        'something, rare ones, or a balance of new, rare and any.', choices=PICKS, runtime=True)
    plasticity: float = setting(
        1.0, 'Factor of the learning rate; 0 learns nothing.', low=0.0, high=1.0, runtime=True)


class Trainer(Protocol):
    """What a learner node trains; imported and called in the training thread only."""

    batch: int
    horizon: int
    keep: int               # transitions of a window that it needs, 0 for all

    def ready(self) -> bool:
        """Whether training can begin (System B needs a model of System A)."""

    def begin(self, replayed: ReplayedBatch) -> None:
        """Create or restore the state for this kind of observation, if there is none."""

    def train(self, replayed: ReplayedBatch, plasticity: float) -> LearnerTelemetry:
        """Take one update; return what the node tells of it."""

    def snapshot(self) -> Snapshot | None:
        """Return what acting nodes run now, None before there is anything."""


C = TypeVar('C', bound=LearnerConfig)


@dataclass
class _Round:
    """The round under way: its number, the updates still to do, the batches under way."""

    number: int             # by the schedule; outside of it that of the last one
    left: int
    after: int              # experience that it waits for
    asked: int = 0


class LearnerNode(PartNode[C], Generic[C]):
    """Asks for replay, trains in its own thread, publishes snapshots."""

    telemetry_class: ClassVar[type[LearnerTelemetry]]

    def __init__(self, name: str, config_class: type[C]) -> None:
        super().__init__(name, config_class)
        self._queue: queue.Queue[Float32MultiArray | None] = queue.Queue()
        self._wake = threading.Condition(threading.RLock())
        self._session = 0
        self._number = 0
        self._unanswered: dict[int, Credits] = {}
        self._heard_s = 0.0
        self._round: _Round | None = None
        self._experience = 0
        self._done_rounds = self._online_round = 0     # the latter: the last one by schedule
        self._updates = self._received = 0
        self._published: Snapshot | None = None
        self._saved_s = time.monotonic()
        self._unsaved = False
        self._trained = self.telemetry_class()
        self._closing = False
        self._trainer: Trainer | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def make_trainer(self) -> Trainer:
        """Build the trainer; runs in the training thread, so that it may import torch."""
        raise NotImplementedError

    def may_train(self, number: int) -> bool:
        """Whether what round `number` builds on is there; the lock is held."""
        return True

    @property
    def path(self) -> Path:
        """Where the newest snapshot is kept."""
        name = self.part.removesuffix('_learner')
        return Path(self.config.directory).expanduser() / 'models' / f'{name}.abm'

    def telemetry(self) -> LearnerTelemetry:
        return replace(self._trained, updates=self._updates, received=self._received,
                       rounds=self._done_rounds,
                       version=self._published.version if self._published else -1)

    def activated(self) -> None:
        if self._published is not None:
            self._publish(self._published)
        self._restart()
        self.every(_REPEAT_PERIOD_S, self._repeat)

    def deactivated(self) -> None:
        self._end_session()

    def reconfigured(self) -> None:
        if self.active:
            self._restart()

    def cleaned_up(self) -> None:
        self._end_session()

    def close(self) -> None:
        super().close()
        self._closing = True
        self._queue.put(None)
        self._thread.join(5.0)

    def on_replay(self, message: Float32MultiArray) -> None:
        """Take a batch addressed to this learner; it is read where it is used."""
        consumer, session, number = addressed_to(message)
        if consumer == self.part and session == str(self._session):
            self._unanswered.pop(number, None)
            self._received += 1
            self._heard_s = time.monotonic()
            self._queue.put(message)

    def _end_session(self) -> None:
        """Make void what was asked for before."""
        with self._wake:
            self._session += 1
            self._unanswered.clear()
            self._round = None

    def _restart(self) -> None:
        with self._wake:
            self._end_session()
            self._heard_s = time.monotonic()
            self._ask()

    def _repeat(self) -> None:
        """
        Ask again for what has not been answered.

        A request sent before the wire was matched is lost without a trace, and so is a batch.
        """
        stalled = (self._round is not None and not self._unanswered
                   and self._queue.empty() and self._round.asked > 0
                   and time.monotonic() - self._heard_s > _STALL_S)
        if stalled and not self.config.exact_rounds:
            self.get_logger().warning('batches were lost on the way; asking anew')
            self._restart()
            return
        with self._wake:
            for credits in list(self._unanswered.values()):
                self.emit('credits', encode_credits(
                    credits, self.get_clock().now().nanoseconds))

    def _ask(self) -> None:
        """Ask for the next batches; the lock is held."""
        if self._trainer is None or not self.active:
            return
        if self.config.plasticity <= 0 and self._published is not None:
            return
        if self.config.plasticity <= 0:
            # Not to learn, but to know what observations are like: acting nodes then get the
            # untrained model, whose error is the one to compare with.
            self._send_credits(self._trainer, 1, 0)
            return
        if self._round is None:
            self._round = self._next_round()
        while self._round.left > self._round.asked < 2 * _CHUNK:
            count = min(_CHUNK, self._round.left - self._round.asked)
            self._round.asked += count
            self._send_credits(self._trainer, count, self._round.after)

    def _next_round(self) -> _Round:
        if self.config.schedule != 'online':
            # Sleep also learns from what came before the warm-up was over: it has to end.
            return _Round(self._online_round, CONSOLIDATION_UPDATES, after=0)
        number = self._online_round + 1
        if not self.config.exact_rounds:
            # Late rounds are not made up for: what matters is what is known now.
            number = max(number, self.config.round_at(self._experience))
        return _Round(number, self.config.updates_in(number if self._done_rounds else 1),
                      self.config.begins_at(number))

    def _send_credits(self, trainer: Trainer, count: int, after: int) -> None:
        reverse = self.config.schedule == 'value' and self.part == 'system_b_learner'
        self._number += 1
        credits = Credits(self.part, str(self._session), self._number,
                          REVERSE if reverse else self.config.pick, count, trainer.batch,
                          trainer.horizon, after, keep=0 if reverse else trainer.keep)
        self._unanswered[self._number] = credits
        self.emit('credits', encode_credits(credits, self.get_clock().now().nanoseconds))

    # The training thread.

    def _work(self) -> None:
        os.nice(NICENESS)   # on Linux of this thread alone: the node goes on answering
        try:
            self._trainer = self.make_trainer()
            self._published = self._trainer.snapshot()
            with self._wake:
                if self._published is not None and self.active:
                    self._publish(self._published)
                self._ask()
            while not self._closing:
                message = self._queue.get()
                if message is not None and addressed_to(message)[1] == str(self._session):
                    self._take(self._trainer, message)
            self._save()
        except Exception:
            self.faults += 1
            self.get_logger().fatal(f'training stopped: {blamed()}')
            self.broken = True

    def _take(self, trainer: Trainer, message: Float32MultiArray) -> None:
        try:
            replayed = decode_batch(message)
            self._experience = max(self._experience, replayed.experience)
            trainer.begin(replayed)
            if self.config.plasticity <= 0:
                self._finish(trainer)
                return
            if not self._await_ready(trainer, replayed.session):
                return
            self._trained = trainer.train(replayed, self.config.plasticity)
        except AbmError as error:
            self.refused += 1
            self.get_logger().error(f'replay refused: {error}', throttle_duration_sec=1.0)
            return
        self._updates += 1
        with self._wake:
            current = self._round
            if current is None or replayed.session != str(self._session):
                return
            current.left -= 1
            current.asked -= 1
            if current.left > 0:
                self._ask()
                return
            self._done_rounds += 1
            self._online_round = current.number
        self._finish(trainer)
        with self._wake:
            if replayed.session == str(self._session):
                self._round = None
                self._ask()

    def _await_ready(self, trainer: Trainer, session: str) -> bool:
        """Wait until training can begin; False when the session ended meanwhile."""
        with self._wake:
            while not (trainer.ready() and self.may_train(self._round.number
                                                          if self._round else 0)):
                self._wake.wait(0.1)
                if self._closing or session != str(self._session):
                    return False
        return True

    def _finish(self, trainer: Trainer) -> None:
        """Publish and, now and then, save what the round made."""
        snapshot = trainer.snapshot()
        if snapshot is None:
            return
        self._published = snapshot
        self._unsaved = True
        self._publish(snapshot)
        if time.monotonic() - self._saved_s > _SAVE_PERIOD_S:
            self._save()

    def _save(self) -> None:
        if self._published is not None and self._unsaved:
            try:
                self._published.save(self.path)
                self._unsaved = False
            except AbmError as error:
                self.get_logger().error(str(error), throttle_duration_sec=10.0)
        self._saved_s = time.monotonic()

    def _publish(self, snapshot: Snapshot) -> None:
        if self.active:
            self.emit('model', encode_bytes(snapshot.to_bytes(), {
                'version': str(snapshot.version), 'round': str(self._online_round)}))
