"""Memory's node in process: what it says when it cannot write, and of what it sees."""

import sqlite3
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from domains import new_domain

rclpy = pytest.importorskip('rclpy')
torch = pytest.importorskip('torch')

from rclpy.parameter import Parameter
from std_msgs.msg import String

from abm_ros.common.errors import StoreError
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Observation
from abm_ros.memory.record.store import Store
from abm_ros.nodes.episodic_memory import EpisodicMemory
from abm_ros.nodes.telling.world_codec import WorldWriter
from abm_ros.ros.codec import Packet, encode, encode_bytes
from abm_ros.ros.observation_codec import ObservationWriter
from abm_ros.ros.replay_link import Credits, encode_credits
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.ensemble_learner import EnsembleLearner
from abm_ros.world_model.worlds.actuator_map import ActuatorMap
from abm_ros.world_model.worlds.told import HeardWorld, ToldWorld

SPEC = ObservationSpec((FieldSpec('arm', 3), FieldSpec('tool', 2)), 'tool', 0.05, 2, 0.05, 10)


class Memory:
    """The node with the messages of a body in our hands."""

    def __init__(self, folder: Path) -> None:
        rclpy.init(args=['--ros-args', '-p', f'directory:={folder}', '-p', 'defer_s:=0.0',
                         '-p', 'commit_count:=5', '-p', 'busy_timeout_s:=0.0',
                         '-p', 'commit_age_s:=0.0', '-p', 'appraise_period_s:=0.0',
                         '-p', 'warm_up:=10', '-p', 'warm_up_events:=5'],
                   domain_id=new_domain())
        self.node = EpisodicMemory()
        self.node.trigger_configure()
        self.node.trigger_activate()
        self.rng = np.random.default_rng(0)
        self.lived = 0

    def live(self, steps: int, moving: float = 1.0) -> None:
        for _ in range(steps):
            stamp = (self.lived + 1) * 50_000_000
            self.node.on_observation(ObservationWriter().write(Observation(
                stamp, (moving * self.rng.normal(size=5)).astype(np.float32),
                np.zeros(2, np.float32), 0, self.lived, True), SPEC))
            self.node.on_executed(encode(Packet(stamp, {
                'action': self.rng.uniform(-1, 1, 2).astype(np.float32)})))
            self.node._later.flush()
            self.lived += 1

    def close(self) -> None:
        self.node.close()
        self.node.destroy_node()
        rclpy.try_shutdown()


@pytest.fixture
def memory(tmp_path):
    made = Memory(tmp_path)
    made.node.on_spec(String(data=SPEC.to_json()))
    yield made
    made.close()


def test_what_comes_before_the_description_is_recorded_once_that_is_known(tmp_path):
    memory = Memory(tmp_path)
    try:
        memory.live(20)
        memory.node.on_observation(encode(Packet(1, {'nonsense': np.zeros(3, np.float32)})))
        assert memory.node.telemetry().recorded == 0
        memory.node.on_spec(String(data=SPEC.to_json()))
        memory.live(10)
        assert memory.node.telemetry().recorded == 29    # the newest is not settled yet
        assert memory.node.refused == 1
    finally:
        memory.close()


OTHER = replace(SPEC, action_size=3)


def test_a_life_does_not_begin_with_the_record_of_another_body(memory, tmp_path):
    memory.live(5)
    memory.node.on_spec(String(data=SPEC.to_json()))
    with pytest.raises(StoreError, match=r'another body: action_size \(recorded 2, got 3\)'):
        memory.node.on_spec(String(data=OTHER.to_json()))
    assert not memory.node.broken    # a life goes on, whoever else speaks
    memory.close()
    again = Memory(tmp_path)
    try:
        with pytest.raises(StoreError, match='another body') as refusal:
            again.node.on_spec(String(data=OTHER.to_json()))
        assert (again.node.broken, again.node.fatal) == (True, refusal.value)
    finally:
        again.close()


def served(memory: Memory, number: int) -> float:
    """Ask for a batch of the first learning round; return how many batches were sent by then."""
    memory.node.on_credits(encode_credits(
        Credits('system_a_learner', '1', number, 'uniform', 1, 4, 2, after=1), 1))
    return memory.node.telemetry().batches


def test_nothing_is_learned_before_the_goals_object_was_moved_and_at_once_after_a_restart(
        memory, tmp_path):
    memory.live(30, moving=0.0)
    assert served(memory, 1) == 0
    memory.live(7)
    assert memory.node.telemetry().batches == 1
    assert served(memory, 2) == 2
    memory.close()
    again = Memory(tmp_path)
    try:
        assert served(again, 1) == 1
    finally:
        again.close()


def test_the_record_knows_the_world_of_each_step_and_what_actions_do_there(memory, tmp_path):
    mirrored = ActuatorMap(np.array([[-1.0, 0, 0], [0, -1, 0]]), np.zeros((6, 6)))
    maps = {0: ActuatorMap.identity(2), 1: mirrored}
    memory.live(20)
    memory.node._commit()
    memory.node.on_world(WorldWriter().write(HeardWorld(
        20 * 50_000_000, 1, 0, ToldWorld(1, 3, 1.0, 0.5, maps))))   # at the newest observation
    memory.live(5)
    memory.node._commit()
    memory.close()
    with Store.read(tmp_path / 'memory.db') as reader:
        # 3 transitions of before, and the step that had no successor yet.
        assert [s.world for s in reader.steps()] == [0] * 15 + [1] * 10
    again = Memory(tmp_path)
    try:
        action = np.array([0.5, -0.25], np.float32)
        index = again.node._index
        np.testing.assert_array_equal(index.effective(action, 1), -action)
        assert index.lived_world == 1
    finally:
        again.close()


def test_it_says_when_it_cannot_write_and_loses_nothing(memory, tmp_path):
    memory.live(20)
    memory.node._commit()
    before = memory.node.telemetry()
    assert before.trouble == 0
    assert before.acknowledged == 19                # the newest step is not settled yet
    with sqlite3.connect(tmp_path / 'memory.db', isolation_level=None) as other:
        other.execute('BEGIN IMMEDIATE')               # the disk belongs to somebody else
        memory.live(20)
        memory.node._commit()
        during = memory.node.telemetry()
        assert during.trouble == 1
        assert (during.acknowledged, during.pending) == (19, 20)
        assert 'another process holds' in during.trouble_reason
        other.execute('ROLLBACK')
    other.close()
    memory.node._commit()
    after = memory.node.telemetry()
    assert after.trouble == 0
    assert after.acknowledged == 39
    with Store.read(tmp_path / 'memory.db') as reader:
        assert [s.index for s in reader.steps()] == list(range(39))


def test_upkeep_is_done_where_system_m_asks_for_it_and_nowhere_else(memory):
    memory.live(20)
    done = []
    memory.node._upkeep = SimpleNamespace(step=lambda: done.append(1), forgotten=0)
    for asked, mode in ((False, 'sleep'), (True, 'siesta'), (False, 'rest')):
        memory.node.set_parameters([Parameter('mode', value=mode),
                                    Parameter('upkeep', value=asked)])
        before = len(done)
        memory.node._commit()
        assert len(done) - before == asked


def test_a_model_tells_what_is_novel(memory, tmp_path):
    memory.live(100)
    assert np.isnan(memory.node.telemetry().novelty)    # System M then counts it as 1
    config = WorldModelConfig(hidden=8, encoder_hidden=8, latent=4)
    learner = EnsembleLearner.create(config, SPEC, 0)
    blob = learner.snapshot().to_bytes()
    memory.node.on_model(encode_bytes(blob, {}))
    deadline_s = time.monotonic() + 30.0
    while not memory.node._appraising.rounds and time.monotonic() < deadline_s:
        time.sleep(0.01)
    memory.live(30)
    memory.node._commit()
    assert 0.0 < memory.node.telemetry().novelty < 1.0
    with Store.read(tmp_path / 'memory.db') as reader:
        steps = list(reader.steps())
    assert all(np.isnan(s.novelty) and np.isnan(s.surprise) for s in steps[:90])
    assert all(0.0 <= s.novelty <= 1.0 and s.surprise >= 0.0 for s in steps[105:-1])
