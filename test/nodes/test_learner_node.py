"""A learner's node in process, with a trainer of ours: what it asks for, keeps and publishes."""

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from domains import new_domain

rclpy = pytest.importorskip('rclpy')

from rclpy.parameter import Parameter

from abm_ros.common import names
from abm_ros.common.errors import SpecError
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.telemetry import SystemALearnerTelemetry
from abm_ros.common.transition import Batch
from abm_ros.memory.progress import SPAN
from abm_ros.memory.replay.order import kind_of
from abm_ros.nodes.learner_node import LearnerConfig, LearnerNode
from abm_ros.ros.codec import attributes_of
from abm_ros.ros.replay_link import Credits, decode_credits, encode_batch

SPEC = ObservationSpec((FieldSpec('arm', 1), FieldSpec('tool', 2)), 'tool', 0.05, 1, 0.05, 10)
BATCH = Batch(np.zeros((2, 2, 3), np.float32), np.zeros((2, 1, 1), np.float32),
              np.ones((2, 1), np.float32), np.zeros((2, 2), np.float32))


class Trainer:
    """Counts updates; each one takes as long as the test wants, and `useful` when it says."""

    batch, horizon, keep = 2, 1, 0
    loss = 1.0

    def __init__(self) -> None:
        self.updates = 0
        self.begun = self.is_useful = False
        self.go = threading.Semaphore(0)
        self.refuses = False

    def ready(self) -> bool:
        return True

    def begin(self, replayed) -> None:
        self.begun = True

    def train(self, replayed, plasticity) -> SystemALearnerTelemetry:
        self.go.acquire()
        if self.refuses:
            raise SpecError('not of this kind')
        self.updates += 1
        self.loss = 1.0 if self.updates <= 110 - SPAN else 0.75
        return SystemALearnerTelemetry(loss=self.loss)

    def useful(self) -> bool:
        return self.is_useful

    def snapshot(self) -> Snapshot | None:
        return (Snapshot('system_a', self.updates, '0' * 16, SPEC, {}, {}, {})
                if self.begun else None)


class Learner(LearnerNode[LearnerConfig]):
    """The node with memory and the acting nodes in our hands."""

    telemetry_class = SystemALearnerTelemetry

    def __init__(self) -> None:
        self.made = Trainer()
        self.credits: list[Credits] = []
        self.versions: list[int] = []
        super().__init__(names.SYSTEM_A_LEARNER, LearnerConfig)

    def make_trainer(self) -> Trainer:
        return self.made

    def emit(self, port: str, message) -> None:
        if port == 'credits':
            self.credits.append(decode_credits(message))
        elif port == 'model':
            self.versions.append(int(attributes_of(message)['version']))

    def answer(self) -> None:
        """Answer every request that may be answered, as a memory of 1000 transitions does."""
        while due := [credits for credits in self.credits if credits.after <= 1000]:
            self.credits.remove(due[0])
            for _ in range(due[0].count):
                self.on_replay(encode_batch(BATCH, due[0], 1000, SPEC.to_json(), 1))

    def work(self, updates: int) -> None:
        """Let training take so many updates."""
        for number in range(self._updates, self._updates + updates):
            self.made.go.release()
            until(lambda number=number: self.answer() or self._updates > number)

    def set(self, **values) -> None:
        assert all(r.successful for r in self.set_parameters(
            [Parameter(name, value=value) for name, value in values.items()]))


def until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 20.0
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.002)


@pytest.fixture
def start(tmp_path):
    made: list[Learner] = []

    def run(**parameters) -> Learner:
        settings = {'directory': tmp_path, 'first_updates': 20, 'updates': 4, 'publish_s': 3600.0,
                    **parameters}
        rclpy.init(args=['--ros-args', *(part for name, value in settings.items()
                                         for part in ('-p', f'{name}:={value}'))],
                   domain_id=new_domain())
        made.append(Learner())
        made[0].trigger_configure()
        made[0].trigger_activate()
        until(lambda: made[0]._trainer is not None)
        return made[0]
    yield run
    for node in made:
        for _ in range(50):
            node.made.go.release()
        node.close()
        node.destroy_node()
    rclpy.try_shutdown()


def rewire(node: Learner) -> None:
    node.trigger_deactivate()
    node.credits.clear()          # they went to wires that are gone
    node.trigger_activate()


def test_a_round_that_is_interrupted_goes_on_and_publishes(start) -> None:
    node = start()
    for _ in range(4):
        node.work(4)
        rewire(node)
    assert (node.made.updates, node.versions) == (16, [])
    node.work(4)
    until(lambda: node.versions == [20])
    assert node.telemetry().rounds == 1


def test_what_was_received_is_used_after_a_rewiring_and_only_the_rest_is_asked_again(start):
    node = start()
    first = node.credits.pop(0)
    node.on_replay(encode_batch(BATCH, first, 1000, SPEC.to_json(), 1))
    old, = node.credits
    rewire(node)
    assert [c.count for c in node.credits] == [8, 8]
    assert {c.session for c in node.credits} != {old.session}
    node.on_replay(encode_batch(BATCH, old, 1000, SPEC.to_json(), 1))   # a late answer
    assert node.telemetry().received == 1
    node.work(19)
    assert node.telemetry().received == 20
    node.work(1)
    until(lambda: node.versions == [20])


def test_what_a_memory_forgot_that_was_wired_anew_is_asked_of_it_again(start) -> None:
    node = start()
    first = node.credits.pop(0)
    for _ in range(3):
        node.on_replay(encode_batch(BATCH, first, 1000, SPEC.to_json(), 1))
    node.credits.clear()
    node._repeat()
    assert [(c.number, c.count) for c in node.credits] == [(first.number, 5),
                                                           (first.number + 1, 8)]


def test_training_pauses_while_the_node_is_inactive(start) -> None:
    node = start()
    node.work(3)
    node.answer()
    assert node._rounds.held > 2
    node.trigger_deactivate()
    for _ in range(5):
        node.made.go.release()
    time.sleep(0.3)               # more than one turn of the thread
    assert node.made.updates <= 4     # one was under way when the wires went
    node.trigger_activate()
    until(lambda: node.answer() or node._updates == 8)


def test_sleep_goes_on_with_the_model_and_does_not_end_the_round_of_the_day(start) -> None:
    node = start()
    node.work(10)
    node.credits.clear()
    node.set(pick='planned', schedule='consolidate')
    until(lambda: node.credits)
    assert [asked.kind for asked in node.credits] == [
        kind_of('planned', node.part, asked.number - 1) for asked in node.credits]
    node.work(100)
    until(lambda: node.versions == [110])
    assert node.telemetry().gain == 0.25         # from 1 to 0.75 between the last two spans
    node.set(schedule='online', pick='uniform')
    assert np.isnan(node.telemetry().gain)
    node.work(10)
    until(lambda: node.versions == [110, 120])
    assert node.telemetry().rounds == 2


def test_imagining_asks_for_both_kinds_and_goes_on_with_what_was_lived_alone(start) -> None:
    node = start(schedule='imagine', pick='surprise')
    until(lambda: len(node.credits) == 2)
    lived, imagined = node.credits
    assert (lived.source, lived.kind) == ('lived', 'surprise')
    assert (imagined.source, imagined.kind) == ('imagined', 'uniform')   # it has no priorities
    node.credits.remove(imagined)            # no dream has succeeded yet
    node.work(20)
    assert node.made.updates == 20
    assert [asked.number for asked in node._requests.unanswered if asked.source == 'imagined'] == [
        imagined.number]


def test_modulation_voids_nothing(start) -> None:
    node = start()
    node.work(10)
    asked = len(node.credits)
    node.set(plasticity=0.5, pick='rarity')
    assert len(node.credits) == asked
    node.work(10)
    until(lambda: node.versions == [20])


def test_without_plasticity_there_is_the_untrained_model_and_then_learning_begins(start) -> None:
    node = start(plasticity=0.0)
    until(lambda: len(node.credits) == 1)
    assert node.credits[0].count == 1
    node.answer()
    until(lambda: node.versions == [0])
    assert node.telemetry().asked == 0.0
    node.set(plasticity=1.0)
    node.work(20)
    until(lambda: node.versions == [0, 20])
    assert node.telemetry().asked == pytest.approx(20 / 10)    # round 100: late_updates


def test_a_slow_round_publishes_on_its_way_what_is_useful(start) -> None:
    node = start(publish_s=0.1)
    node.work(3)
    time.sleep(0.15)              # the fourth takes this long
    node.work(1)
    assert node.versions == []    # of no use yet
    node.made.is_useful = True
    node.work(1)
    until(lambda: node.versions == [5])
    time.sleep(0.15)
    node.work(1)
    until(lambda: node.versions == [5, 6])
    node.made.is_useful = False
    node.work(14)
    until(lambda: node.versions == [5, 6, 20])   # the end of the round goes out as ever


def test_exact_rounds_publish_at_their_ends_alone(start) -> None:
    node = start(publish_s=0.1, exact_rounds=True)
    node.made.is_useful = True
    node.work(3)
    time.sleep(0.15)
    node.work(16)
    assert node.versions == []
    node.work(1)
    until(lambda: node.versions == [20])


def test_what_was_learned_of_an_unfinished_round_is_kept_at_the_end(start) -> None:
    node = start()
    node.work(7)
    assert not node.path.exists()
    for _ in range(5):            # what is under way ends by itself
        node.made.go.release()
    node.close()
    assert Snapshot.load(node.path).version == node.made.updates < 20


def test_a_refused_batch_is_no_update_and_is_asked_for_again_when_nothing_comes(
        start, monkeypatch) -> None:
    node = start(first_updates=2)
    node.made.refuses = True
    node.answer()
    for _ in range(2):
        node.made.go.release()
    until(lambda: node.refused == 2)
    until(lambda: node._rounds.held == 0)
    node.made.refuses = False
    node._repeat()
    assert node.credits == []     # it may still be on its way
    monkeypatch.setattr('abm_ros.nodes.learner_node._STALL_S', 0.0)
    node._repeat()
    assert [c.count for c in node.credits] == [2]
    node.work(2)
    until(lambda: node.versions == [2])


def test_a_request_of_which_every_batch_was_lost_is_made_anew_in_the_end(start, monkeypatch
                                                                         ) -> None:
    """Memory served it into a wire that nobody read yet, and answers none of its repetitions."""
    node = start(first_updates=2)
    lost = [*node.credits]
    assert [c.count for c in lost] == [2]
    node.credits.clear()
    monkeypatch.setattr('abm_ros.nodes.learner_node._STALL_S', 0.0)
    node._repeat()
    assert node.credits == lost       # memory may be right to wait
    node.credits.clear()
    monkeypatch.setattr('abm_ros.nodes.learner_node._LOST_S', 0.0)
    node._repeat()
    assert [c.count for c in node.credits] == [2]
    assert node.credits[0].session != lost[0].session
    node.work(2)
    until(lambda: node.versions == [2])
