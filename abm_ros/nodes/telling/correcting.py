"""Persons at the motor gate: a correction replaces what the robot was about to do."""

import math
from typing import Any

import numpy as np
from trajectory_msgs.msg import JointTrajectory

from abm_ros.robot.correction import Correction, read_correction
from abm_ros.robot.motor_guard import MotorGuard
from abm_ros.ros.node import PartNode

_SAY_AGAIN_S = 30.0


class Correcting:
    """
    Keeps the newest correction while it is fresh.

    It only stands in for an action that came: it opens no gate and keeps none open.
    """

    def __init__(self, node: PartNode[Any]) -> None:
        self._node = node
        self._wanted: Correction | None = None
        self._came_s = -math.inf
        self.count = 0                 # actions that were replaced

    def drop(self) -> None:
        """Forget it: another mode begins."""
        self._wanted = None

    def take(self, message: JointTrajectory, guard: MotorGuard, now_s: float) -> None:
        """
        Take where a person wants the joints now.

        :raises SpecError: it is none for these joints and commands; the one before stays.
        """
        wanted = read_correction(
            message.header.frame_id, message.joint_names,
            list(message.points[0].positions) if message.points else [], guard.limits.joints)
        guard.towards(wanted.position)     # refused now, and not in place of an action
        self._wanted, self._came_s = wanted, now_s
        self._node.get_logger().info(f'{wanted.teacher} corrects what the robot does',
                                     throttle_duration_sec=_SAY_AGAIN_S)

    def replaced(self, action: np.ndarray, guard: MotorGuard, now_s: float
                 ) -> tuple[np.ndarray, dict[str, str]]:
        """Return the action (J,) to be executed, and as an attribute whose it is if a person's."""
        wanted = self._wanted
        if wanted is None or now_s - self._came_s > self._node.config.correction_timeout_s:
            return action, {}
        self.count += 1
        return guard.towards(wanted.position), {'teacher': wanted.teacher}
