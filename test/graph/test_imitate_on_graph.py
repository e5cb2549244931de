"""On the running graph persons correct, and teacher and peer are watched; all is kept as such."""

import numpy as np
import pytest

pytest.importorskip('rclpy')
pytest.importorskip('pybullet')

from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Transform, Vector3
from graph_harness import running, wait_until
from std_msgs.msg import Header
from trajectory_msgs.msg import (
    JointTrajectory,
    JointTrajectoryPoint,
    MultiDOFJointTrajectory,
    MultiDOFJointTrajectoryPoint,
)

from abm_ros.bringup.graph import GraphOptions, describe
from abm_ros.common import names
from abm_ros.memory.record.store import Store
from abm_ros.ros import qos

pytestmark = [pytest.mark.graph, pytest.mark.timeout(300)]

LIMIT = 1.2     # of joint_1, rad
JOINTS = [f'joint_{n}' for n in range(1, 8)]


def demonstration(teacher: str, *, to: float = 0.6) -> JointTrajectory:
    """Return a slow motion of one joint, over 1.5 s."""
    points = [JointTrajectoryPoint(
        positions=[float(value), 0.5, 0.0, 1.6, 0.0, 0.9, 0.0],
        time_from_start=Duration(sec=n // 10, nanosec=n % 10 * 100_000_000))
        for n, value in enumerate(np.linspace(0.0, to, 16))]
    return JointTrajectory(header=Header(frame_id=teacher), joint_names=JOINTS, points=points)


def tool_way(peer: str) -> MultiDOFJointTrajectory:
    """Return the slow way of a peer's tool, over 1.5 s."""
    points = [MultiDOFJointTrajectoryPoint(
        transforms=[Transform(translation=Vector3(x=0.45, y=float(y), z=0.3))],
        time_from_start=Duration(sec=n // 10, nanosec=n % 10 * 100_000_000))
        for n, y in enumerate(np.linspace(0.0, 0.15, 16))]
    return MultiDOFJointTrajectory(header=Header(frame_id=peer), points=points)


def correct(graph, teacher: str) -> None:
    """Say again and again where the joints are to be, far beyond their limits, until they go."""
    publisher = graph.node.create_publisher(JointTrajectory, names.CORRECTION, qos.CONTROL)
    message = JointTrajectory(header=Header(frame_id=teacher), joint_names=JOINTS, points=[
        JointTrajectoryPoint(positions=[9.0, 0.3, 0.0, 1.2, 0.0, 0.5, 0.0])])

    def goes() -> bool:
        publisher.publish(message)
        return graph.value('motor_gate', 'corrected') >= 20.0
    wait_until(goes, 'actions of a person', 60.0)
    graph.node.destroy_publisher(publisher)


def test_what_others_show_is_watched_and_kept(tmp_path):
    options = GraphOptions(body='bullet:reach', directory=str(tmp_path), seed=1)
    with running(describe(options), tmp_path) as (_, graph):
        told = graph.telemetry
        correct(graph, 'eve')
        assert 0.8 < max(command[0] for _, command in graph.commands) <= LIMIT
        wait_until(lambda: graph.value('system_b_learner', 'version') >= 240,
                   lambda: f'two rounds; telemetry: {told}', 150.0)
        teacher = graph.node.create_publisher(JointTrajectory, names.DEMONSTRATION, qos.RECORD)
        wait_until(lambda: teacher.get_subscription_count() > 0, 'somebody who listens', 10.0)
        teacher.publish(demonstration('mallory', to=6.0))     # no robot of these limits does that
        wait_until(lambda: told['sensory_gate']['demonstrations_refused'] == 1, 'a refusal', 10.0)
        teacher.publish(demonstration('ann'))
        graph.wait_mode('imitate')
        wait_until(lambda: told['motor_gate']['open'] == 0.0, 'a shut gate')
        wait_until(lambda: told['episodic_memory']['shown'] == 1,
                   lambda: f'a demonstration in memory; telemetry: {told}', 30.0)
        wait_until(lambda: graph.mode != 'imitate', 'the end of it', 30.0)
        peer = graph.node.create_publisher(MultiDOFJointTrajectory, names.PEER, qos.RECORD)
        wait_until(lambda: peer.get_subscription_count() > 0, 'somebody who listens', 10.0)
        peer.publish(tool_way('bob'))
        graph.wait_mode('observe')
        wait_until(lambda: told['episodic_memory']['shown'] == 2,
                   lambda: f"a peer's motion in memory; telemetry: {told}", 30.0)
        assert told['motor_gate']['open'] == 0.0
    with Store.read(tmp_path / 'memory.db') as reader:
        episodes = [e for e in reader.episodes() if e.mode.startswith('observe:')]
        corrected = [step for step in reader.steps()
                     if step.provenance == 'teacher' and step.mode == 'correct:eve']
        turned = [step.observation[reader.spec.slice_of('joint_position')][0]
                  for step in corrected]
    assert [(e.mode, e.success) for e in episodes] == [
        ('observe:ann', True), ('observe:bob', True)]
    assert len(corrected) >= 15
    assert any(step.action is not None and step.action[0] > 0.9 for step in corrected)
    assert max(turned) > 0.8
