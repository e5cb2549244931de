"""
What `system_a_learner` and `system_b_learner` share.

The executor thread moves messages; a thread of its own trains, so that a transition or a
parameter never waits for a gradient step. Replay is asked for in credits: a round begins when
enough experience was recorded, and its batches come no faster than they are used. While the node
is inactive training pauses; it goes on where it was.
"""

import os
import queue
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Generic, Protocol, TypeVar

from std_msgs.msg import Float32MultiArray

from abm_ros.common.config import setting
from abm_ros.common.errors import AbmError
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.telemetry import LearnerTelemetry
from abm_ros.memory.progress import Progress
from abm_ros.memory.replay.draw import REVERSE, UNIFORM
from abm_ros.memory.replay.order import PREFERENCES, kind_of
from abm_ros.memory.rounds import Rounds, RoundsConfig
from abm_ros.memory.schedule import CONSOLIDATE, IMAGINE
from abm_ros.ros.codec import encode_bytes
from abm_ros.ros.node import PartNode, blamed
from abm_ros.ros.replay_link import Credits, ReplayedBatch, decode_batch, encode_credits
from abm_ros.ros.replay_requests import ReplayRequests

NICENESS = 10       # training gives way to the control path
_SAVE_PERIOD_S = 5.0
_REPEAT_PERIOD_S = 0.25
# Batches are lost if none came for so long; a whole request, which memory may rightly keep until
# there is enough experience, after longer: asking anew costs nothing.
_STALL_S, _LOST_S = 5.0, 15.0


@dataclass(frozen=True)
class LearnerConfig(RoundsConfig):
    """Settings that both learners share."""

    directory: str = setting('~/.ros/abm_ros', 'Folder; snapshots lie in its models/.')
    seed: int = setting(0, 'Seed of weights and training.', low=0)
    pick: str = setting(
        UNIFORM, 'What replay prefers: nothing, surprising transitions, those that taught '
        'something, rare ones, a balance of new, rare and any, every world alike, or all of them '
        'by a plan.', choices=PREFERENCES, runtime=True)
    plasticity: float = setting(
        1.0, 'Factor of the learning rate; 0 learns nothing.', low=0.0, high=1.0, runtime=True)


class Trainer(Protocol):
    """What a learner node trains; imported and called in the training thread only."""

    batch: int
    horizon: int
    keep: int               # transitions of a window that it needs, 0 for all

    def ready(self) -> bool:
        """Whether training can begin (System B needs a model of System A). Any thread."""

    def begin(self, replayed: ReplayedBatch) -> None:
        """Create or restore the state for this kind of observation, if there is none."""

    def train(self, replayed: ReplayedBatch, plasticity: float) -> LearnerTelemetry:
        """Take one update; return what the node tells of it."""

    @property
    def loss(self) -> float:
        """The loss of the last update by which learning is judged, NaN if unknown."""

    def useful(self) -> bool:
        """Whether what was learned so far is better to act with than nothing."""

    def snapshot(self) -> Snapshot | None:
        """Return what acting nodes run now, None before there is anything."""


C = TypeVar('C', bound=LearnerConfig)


class LearnerNode(PartNode[C], Generic[C]):
    """Asks for replay, trains in its own thread, publishes snapshots."""

    telemetry_class: ClassVar[type[LearnerTelemetry]]

    def __init__(self, name: str, config_class: type[C]) -> None:
        super().__init__(name, config_class)
        self._queue: queue.Queue[Float32MultiArray | None] = queue.Queue()
        # Guards rounds and requests. The training thread may be starved while it holds it, so it
        # neither publishes nor trains then.
        self._wake = threading.Condition(threading.RLock())
        self._rounds = Rounds()
        self._progress = Progress()     # of the consolidation under way
        self._schedule = self.config.schedule
        self._requests = ReplayRequests(name)
        self._heard_s = 0.0
        self._updates = self._received = 0
        self._published: Snapshot | None = None
        self._unpublished_s = 0.0       # time spent on updates since it was published
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
        rounds, trainer = self._rounds, self._trainer
        learns = (self.active and self.config.plasticity > 0
                  and trainer is not None and trainer.ready())
        return replace(self._trained, updates=self._updates, received=self._received,
                       rounds=rounds.finished,
                       asked=rounds.updates_per_transition(self.config) if learns else 0.0,
                       version=self._published.version if self._published else -1,
                       gain=self._progress.gain)

    def activated(self) -> None:
        if self._published is not None:
            self._publish(self._published)
        with self._wake:
            self._connect()
        self._ask()
        self.every(_REPEAT_PERIOD_S, self._repeat)

    def reconfigured(self) -> None:
        with self._wake:
            if self.active and self.config.schedule != self._schedule:
                self._connect()
            self._wake.notify_all()
        self._ask()

    def close(self) -> None:
        super().close()
        self._closing = True
        self._queue.put(None)
        self._thread.join(5.0)

    def on_replay(self, message: Float32MultiArray) -> None:
        """Take a batch addressed to this learner; it is read where it is used."""
        with self._wake:
            if self._requests.is_answered(message):
                self._received += 1
                self._rounds.receive()
                self._heard_s = time.monotonic()
                self._queue.put(message)

    def _connect(self) -> None:
        """Await no more what is on its way to wires that are gone; the lock is held."""
        self._requests.renew()
        self._rounds.lose()
        if self._schedule != self.config.schedule:
            self._progress.begin()
        self._schedule = self.config.schedule
        self._heard_s = time.monotonic()
        self._wake.notify_all()

    def _repeat(self) -> None:
        """
        Ask again for what has not been answered.

        A request sent before the wire was matched is lost without a trace, and so is a batch.
        """
        with self._wake:
            if stalled := self._is_stalled() and not self.config.exact_rounds:
                if not self._requests.waits:
                    self.get_logger().warning('batches were lost on the way; asking anew')
                self._connect()
            unanswered = self._requests.unanswered
        if stalled:
            self._ask()
        self._send(unanswered)

    def _is_stalled(self) -> bool:
        rounds = self._rounds
        patience_s = _LOST_S if self._requests.waits else _STALL_S
        return (self.config.plasticity > 0 and rounds.is_open(self.config) and not rounds.held
                and time.monotonic() - self._heard_s > patience_s)

    def _ask(self) -> None:
        """Ask for the next batches."""
        with self._wake:
            asked = [] if self._trainer is None or not self.active else [
                *self._next_requests(self._trainer)]
        self._send(asked)

    def _next_requests(self, trainer: Trainer) -> Iterator[Credits]:
        if self.config.plasticity > 0:
            while count := self._rounds.ask(self.config):
                yield self._request(trainer, count, self._rounds.current(self.config).after)
        elif self._published is None and (count := self._rounds.probe()):
            # Not to learn, but to know what observations are like: acting nodes then get the
            # untrained model, whose error is the one to compare with.
            yield self._request(trainer, count, after=0)

    def _request(self, trainer: Trainer, count: int, after: int) -> Credits:
        schedule = self.config.schedule
        reverse = schedule == 'value' and self.part == 'system_b_learner'
        # Imagined experience has no priorities. Where none comes, what was lived is enough.
        imagined = schedule == IMAGINE and self._requests.made % 2 == 1 and not any(
            asked.source == 'imagined' for asked in self._requests.unanswered)
        kind = REVERSE if reverse else UNIFORM if imagined else kind_of(
            self.config.pick, self.part, self._requests.made)
        return self._requests.make(
            kind=kind, count=count, batch=trainer.batch, horizon=trainer.horizon, after=after,
            keep=trainer.keep, source='imagined' if imagined else 'lived')

    def _send(self, requests: Iterable[Credits]) -> None:
        for credits in requests:
            self.emit('credits', encode_credits(credits, self.get_clock().now().nanoseconds))

    # The training thread.

    def _work(self) -> None:
        os.nice(NICENESS)   # on Linux of this thread alone: the node goes on answering
        try:
            trainer = self.make_trainer()
            self._trainer, self._published = trainer, trainer.snapshot()
            if self._published is not None:
                self._publish(self._published)
            self._ask()
            while not self._closing:
                message = self._queue.get()
                if message is not None:
                    self._take(trainer, message)
            if self._unpublished_s and not self.config.exact_rounds:
                self._finish(trainer)
            self._save()
        except Exception:
            self.faults += 1
            self.get_logger().fatal(f'training stopped: {blamed()}')
            self.broken = True

    def _take(self, trainer: Trainer, message: Float32MultiArray) -> None:
        """Use one batch."""
        trained = False
        try:
            trained = self._train(trainer, decode_batch(message))
        except AbmError as error:
            self.refused += 1
            self.get_logger().error(f'replay refused: {error}', throttle_duration_sec=1.0)
        with self._wake:
            if not trained:
                self._rounds.drop()   # what is missing now is asked for when nothing comes
                return
            self._updates += 1
            over = self._rounds.update(self.config)
        if not over:
            self._ask()
        if over or self._is_late(trainer):
            self._finish(trainer)
        if over:
            self._ask()

    def _train(self, trainer: Trainer, replayed: ReplayedBatch) -> bool:
        """Take one update once it may be; tell whether it was."""
        self._rounds.experience = max(self._rounds.experience, replayed.experience)
        trainer.begin(replayed)
        if self.config.plasticity <= 0 and self._published is None:
            self._finish(trainer)
            return False
        if not self._await_turn(trainer):
            return False
        begin_s = time.monotonic()
        self._trained = trainer.train(replayed, self.config.plasticity)
        self._unpublished_s += time.monotonic() - begin_s
        if self.config.schedule == CONSOLIDATE:
            self._progress.take(trainer.loss)
        return True

    def _await_turn(self, trainer: Trainer) -> bool:
        """Wait until training may go on; False when the node closes meanwhile."""
        with self._wake:
            while not (self.active and self.config.plasticity > 0 and trainer.ready()
                       and self.may_train(self._rounds.current(self.config).number)):
                self._wake.wait(0.1)
                if self._closing:
                    return False
        return True

    def _is_late(self, trainer: Trainer) -> bool:
        """Tell whether the round takes so long that acting nodes get what there is so far."""
        return (not self.config.exact_rounds and self._unpublished_s > self.config.publish_s
                and trainer.useful())

    def _finish(self, trainer: Trainer) -> None:
        """Publish and, now and then, save what was learned."""
        snapshot = trainer.snapshot()
        self._unpublished_s = 0.0
        if snapshot is None:
            return
        self._published, self._unsaved = snapshot, True
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
                'version': str(snapshot.version), 'round': str(self._rounds.number)}))
