"""A short-lived node that shows demonstrations to a running graph."""

import time
from collections.abc import Sequence
from xml.etree import ElementTree

import rclpy
from builtin_interfaces.msg import Duration
from rclpy.executors import SingleThreadedExecutor
from std_msgs.msg import Header, String
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from abm_ros.common import names
from abm_ros.common.errors import GraphError
from abm_ros.common.names import check_namespace
from abm_ros.ros import qos
from abm_ros.ros.fast_dds import initialise

_MOVING = ('revolute', 'prismatic', 'continuous')
_LINGER_S = 1.0


def show(namespace: str, timeout_s: float, teacher: str, period_s: float,
         demonstrations: Sequence[Sequence[Sequence[float]]]) -> int:
    """
    Publish joint positions, of the joints that the robot describes; return how many were shown.

    :param demonstrations: the positions (T, J) of each.
    :raises GraphError: no robot listens in time, or it has other joints.
    """
    context = rclpy.Context()
    initialise(args=[], context=context)
    node = rclpy.create_node('abm_teacher', namespace=check_namespace(namespace), context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    heard: list[str] = []
    node.create_subscription(String, names.ROBOT_DESCRIPTION,
                             lambda message: heard.append(message.data), qos.LATCHED)
    publisher = node.create_publisher(JointTrajectory, names.DEMONSTRATION, qos.RECORD)
    try:
        until_s = time.monotonic() + timeout_s
        while not heard or not publisher.get_subscription_count():
            if time.monotonic() > until_s:
                raise GraphError(f'no robot listens on {names.DEMONSTRATION} within '
                                 f'{timeout_s:g} s: bring the graph up first')
            executor.spin_once(timeout_sec=0.1)
        joints = _joints(heard[-1])
        for positions in demonstrations:
            if len(positions[0]) != len(joints):
                raise GraphError(f'the file shows {len(positions[0])} joints, the robot has '
                                 f'{len(joints)}: {", ".join(joints)}')
            publisher.publish(_message(teacher, joints, period_s, positions))
        until_s = time.monotonic() + _LINGER_S      # or they are lost with the node
        while time.monotonic() < until_s:
            executor.spin_once(timeout_sec=0.1)
        return len(demonstrations)
    finally:
        executor.shutdown(0.0)
        node.destroy_node()
        rclpy.try_shutdown(context=context)


def _joints(text: str) -> list[str]:
    return [joint.get('name', '') for joint in ElementTree.fromstring(text).findall('joint')
            if joint.get('type') in _MOVING and joint.find('mimic') is None]


def _message(teacher: str, joints: Sequence[str], period_s: float,
             positions: Sequence[Sequence[float]]) -> JointTrajectory:
    points = []
    for number, row in enumerate(positions):
        sec, nanosec = divmod(round(number * period_s * 1e9), 1_000_000_000)
        points.append(JointTrajectoryPoint(positions=list(row), time_from_start=Duration(
            sec=sec, nanosec=nanosec)))
    return JointTrajectory(header=Header(frame_id=teacher), joint_names=list(joints),
                           points=points)
