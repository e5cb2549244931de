"""Corrections at the gate's node: fresh ones replace actions, and no gate opens for them."""

from pathlib import Path

import numpy as np
import pytest
from domains import new_domain

rclpy = pytest.importorskip('rclpy')

from std_msgs.msg import Header, String
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from abm_ros.nodes.motor_gate import MotorGate
from abm_ros.ros.codec import Packet, decode, encode
from abm_ros.ros.joint_states import JointStateHeard

URDF = (Path(__file__).resolve().parents[3] / 'urdf' / 'abm_arm.urdf').read_text()
JOINTS = tuple(f'joint_{i}' for i in range(1, 8))
START = np.array([0.0, 0.3, 0.0, 1.2, 0.0, 0.5, 0.0])
FULL = np.array([3.2] * 4 + [4.0] * 3) * 0.8 * 0.05     # of an action of 1, rad


class Gate:
    """The node with its time in our hands."""

    def __init__(self) -> None:
        rclpy.init(domain_id=new_domain())
        self.node, self.now_s = MotorGate(), 1000.0
        self.node._now_s = lambda: self.now_s   # type: ignore[method-assign]
        self.done: list[Packet] = []
        self.node.emit = lambda port, message: (  # type: ignore[method-assign]
            self.done.append(decode(message)))
        self.node.trigger_configure()
        self.node.trigger_activate()
        self.node._on_description(String(data=URDF))
        self.node._on_heartbeat(Header(frame_id='one/task/open'))

    def act(self, action: float = 0.0, wait_s: float = 0.05) -> None:
        self.now_s += wait_s
        self.node._on_heartbeat(Header(frame_id='one/task/open'))
        stamp_ns = round(self.now_s * 1e9)
        self.node._take_joints(JointStateHeard(stamp_ns, JOINTS, tuple(START), (), 0.0))
        self.node.guarded('action', self.node.on_action, encode(Packet(
            stamp_ns, {'action': np.full(7, action, np.float32)}, {'episode': '3'})))

    def correct(self, position, joints=JOINTS, teacher: str = 'ann') -> None:
        points = [JointTrajectoryPoint(positions=[float(value) for value in position])]
        self.node.guarded('correction', self.node.on_correction, JointTrajectory(
            header=Header(frame_id=teacher), joint_names=list(joints), points=points))


@pytest.fixture
def gate():
    made = Gate()
    yield made
    made.node.destroy_node()
    rclpy.try_shutdown()


def test_a_fresh_correction_replaces_actions_and_is_told_as_the_teachers(gate) -> None:
    gate.act(-0.5)
    gate.correct(START + 0.5 * FULL)
    gate.act(-1.0)
    gate.act(-1.0, wait_s=0.31)
    own, corrected, later = gate.done
    assert corrected.attributes == {'episode': '3', 'teacher': 'ann'}
    np.testing.assert_allclose(corrected.array('action'), 0.5, rtol=1e-4)
    for packet in (own, later):
        assert packet.attributes == {'episode': '3'}
        assert (packet.array('action') < 0).all()
    assert gate.node.telemetry().corrected == 1


def test_a_shut_gate_stays_shut(gate) -> None:
    gate.act()
    gate.node._on_hold(None, type('Response', (), {})())
    gate.correct(START + 0.1)
    gate.act()
    gate.node._watch()
    assert len(gate.done) == 1
    assert gate.node.telemetry().open == 0.0


def test_without_actions_a_correction_moves_nothing(gate) -> None:
    gate.act()
    for _ in range(10):
        gate.now_s += 0.05
        gate.correct(START + 0.1)
        gate.node._watch()
    assert len(gate.done) == 1
    assert gate.node.telemetry().shut.startswith('no fresh ')


@pytest.mark.parametrize('wrong', [
    {'position': [np.nan] * 7}, {'position': [0.1] * 6}, {'position': START, 'teacher': ''},
    {'position': START, 'joints': JOINTS[:6]}, {'position': START, 'joints': (*JOINTS[:6], 'x')}])
def test_what_is_no_correction_changes_nothing(gate, wrong) -> None:
    gate.act(0.25)
    gate.correct(**wrong)
    gate.act(0.25)
    assert gate.node.refused == 1
    assert [packet.attributes for packet in gate.done] == [{'episode': '3'}] * 2
    np.testing.assert_allclose(gate.done[1].array('action'), 0.25, rtol=1e-4)


def test_a_correction_ends_with_the_mode(gate) -> None:
    gate.act()
    gate.correct(START + 0.1)
    gate.node.trigger_deactivate()
    gate.node.trigger_activate()
    gate.act()
    assert 'teacher' not in gate.done[-1].attributes
