"""Commands as ros2_control's controllers take them: arrays of numbers, or trajectories."""

from array import array
from collections.abc import Sequence

import numpy as np
from builtin_interfaces.msg import Duration
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray, MultiArrayDimension, MultiArrayLayout
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from abm_ros.common import names
from abm_ros.ros import qos
from abm_ros.ros.stamps import NANOSECONDS


class CommandPublisher:
    """Publishes the commands for one controller; its message is used again and again."""

    def __init__(self, node: Node, controller: str, *, trajectory: bool, period_s: float) -> None:
        """
        Create the publisher, which lives as long as the node.

        :param trajectory: whether the controller takes trajectories, of one point each.
        :param period_s: when that point is due, s after it was sent.
        """
        self._trajectory = trajectory
        self._period_ns = int(period_s * NANOSECONDS)
        self._head = MultiArrayDimension()
        self._message = Float64MultiArray(layout=MultiArrayLayout(dim=[self._head]))
        self._publisher = node.create_publisher(
            JointTrajectory if trajectory else Float64MultiArray,
            names.trajectory_topic(controller) if trajectory else names.commands_topic(controller),
            qos.CONTROL)

    def send(self, joints: Sequence[str], command: np.ndarray, label: str) -> None:
        """
        Publish a command (J,).

        ros2_control ignores the label; a body in lock-step reads in it which state is answered.
        """
        if self._trajectory:
            due = Duration(sec=self._period_ns // NANOSECONDS,
                           nanosec=self._period_ns % NANOSECONDS)
            self._publisher.publish(JointTrajectory(joint_names=list(joints), points=[
                JointTrajectoryPoint(positions=command.tolist(), time_from_start=due)]))
            return
        head = self._head
        head.label, head.size, head.stride = label, command.size, command.size
        self._message.data = array('d', command.tobytes())
        self._publisher.publish(self._message)

    def repeat(self) -> None:
        """Publish the array sent last once more."""
        self._publisher.publish(self._message)
