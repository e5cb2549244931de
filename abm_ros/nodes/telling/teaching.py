"""Teachers at the sensory gate: what they show waits here, and is observed in modes that watch."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from std_msgs.msg import Float32MultiArray
from trajectory_msgs.msg import JointTrajectory, MultiDOFJointTrajectory

from abm_ros.common import names
from abm_ros.common.errors import DescriptionError, SpecError
from abm_ros.common.telemetry import SensoryGateTelemetry
from abm_ros.common.transition import Observation
from abm_ros.common.trust import DISTRUST, PRIOR, read_trust
from abm_ros.robot.demonstration import Demonstration, Demonstrator, check_teacher
from abm_ros.robot.description import JointLimits
from abm_ros.robot.kinematics import ForwardKinematics
from abm_ros.robot.layout import FusionLayout
from abm_ros.robot.motor_guard import MotorConfig, tightened
from abm_ros.ros.node import PartNode
from abm_ros.ros.observation_codec import ObservationWriter

_MOST = 16             # demonstrations that wait
_FASTER = 4.0          # times the speed at which they were shown, at which they are observed
_LEAST_S = 0.005
Shown = Any           # a trajectory of joints, or of a tool


class Teaching:
    """
    Takes demonstrations at any time, and lets them be observed while the node watches.

    :param tell: sends an observation to whoever reads those of the body.
    """

    def __init__(self, node: PartNode[Any], tell: Callable[[Float32MultiArray], None]) -> None:
        self._node, self._tell = node, tell
        self._writer = ObservationWriter()
        self._waiting: deque[tuple[bool, list[Observation]]] = deque(maxlen=_MOST)
        self._described: tuple[FusionLayout, JointLimits, str, str] | None = None
        self._demonstrator: Demonstrator | None = None
        self._shown = self._refused = 0
        self._number = 0       # of the newest demonstration; below 0, unlike the body's episodes
        self._place = 0        # in the first that waits
        self._trouble = ''
        self._early: deque[Shown] = deque(maxlen=_MOST)

    def telemetry(self, told: SensoryGateTelemetry) -> SensoryGateTelemetry:
        """Return the telemetry with what is told of teachers."""
        trusted = read_trust(self._node.config.trusted)
        waits = {False: 0.0, True: 0.0}
        for peer, shown in self._waiting:
            waits[peer] = max(waits[peer], trusted.get(shown[0].teacher, PRIOR))
        return replace(told, demonstration=waits[False], peer=waits[True],
                       demonstrations=self._shown, demonstrations_refused=self._refused,
                       teaching_trouble=self._trouble)

    def describe(self, layout: FusionLayout, limits: JointLimits, text: str, tool: str) -> None:
        """Take what the robot is and observes."""
        described = (layout, limits, text, tool)
        if self._described is None or described[2:] != self._described[2:] or (
                layout.spec != self._described[0].spec):
            self._described, self._demonstrator = described, None
        while self._early:
            self.shown(self._early.popleft())

    def _made(self) -> Demonstrator | None:
        """Return what makes observations; made once something is shown, for it takes a while."""
        if self._demonstrator is None and self._described is not None:
            layout, limits, text, tool = self._described
            try:
                tool_of = (ForwardKinematics(text, layout.joints, tool).tool_position
                           if layout.needs_tool else None)
            except DescriptionError:
                tool_of = None
            self._demonstrator = Demonstrator(layout, tightened(limits, MotorConfig()), tool_of)
        return self._demonstrator

    def activated(self) -> None:
        """Let demonstrations be observed while the node watches."""
        self._place = 0     # what was cut short is shown from its beginning
        self._node.every(max(_LEAST_S, self._node.config.control_period_s / _FASTER), self._step)

    @property
    def shows(self) -> bool:
        """Whether the body's own observations wait for the end of a demonstration."""
        return bool(self._waiting) and self._node.config.watches

    def shown(self, message: Shown) -> None:
        """Take a demonstration, or the way of a peer's tool."""
        if (demonstrator := self._made()) is None:
            self._early.append(message)
            return
        self._node.guarded('teacher', self._take, demonstrator, message)

    def _take(self, demonstrator: Demonstrator, message: Shown) -> None:
        peer = isinstance(message, MultiDOFJointTrajectory)
        try:
            teacher = check_teacher(message.header.frame_id)
            trusted = read_trust(self._node.config.trusted).get(teacher, PRIOR)
            if trusted < DISTRUST:
                raise SpecError(f'demonstration of {teacher}: trust is {trusted:.2f}, less than '
                                f'{DISTRUST:g}: it is not looked at')
            self._number -= 1
            shown = (demonstrator.retargeted(teacher, *way_of(message, teacher)) if peer else
                     demonstration_of(message, teacher))
            self._waiting.append((peer, demonstrator.observations(shown, self._number)))
        except SpecError as error:
            self._refused += 1
            self._trouble = str(error)
            self._node.get_logger().error(
                f'{names.PEER if peer else names.DEMONSTRATION} refused: {error}')
            return
        self._node.publish_telemetry()      # at once: somebody waits

    def _step(self) -> None:
        """Let the next observation of a demonstration be seen."""
        if not self.shows or self._demonstrator is None:
            return
        first = self._waiting[0][1]
        seen = first[self._place]._replace(stamp_ns=self._node.get_clock().now().nanoseconds)
        self._tell(self._writer.write(seen, self._demonstrator.spec))
        self._place += 1
        if self._place == len(first):
            self._waiting.popleft()
            self._place = 0
            self._shown += 1


def demonstration_of(message: JointTrajectory, teacher: str) -> Demonstration:
    """
    Return the demonstration of a message.

    :raises SpecError: points differ in length.
    """
    size = len(message.joint_names)
    if any(len(point.positions) != size for point in message.points):
        raise SpecError(f'demonstration of {teacher}: expected {size} positions in each point')
    return Demonstration(
        teacher, tuple(message.joint_names),
        _times(message),
        np.array([list(p.positions) for p in message.points], float).reshape(-1, size))


def way_of(message: MultiDOFJointTrajectory, peer: str) -> tuple[np.ndarray, np.ndarray]:
    """
    Return the times (N,) and positions (N, 3) of a peer's tool, the first frame of a message.

    :raises SpecError: a point has no frame.
    """
    if any(not point.transforms for point in message.points):
        raise SpecError(f'what {peer} did: expected the place of the tool in each point')
    at = [point.transforms[0].translation for point in message.points]
    return _times(message), np.array([[p.x, p.y, p.z] for p in at], float).reshape(-1, 3)


def _times(message: Shown) -> np.ndarray:
    return np.array([p.time_from_start.sec + p.time_from_start.nanosec * 1e-9
                     for p in message.points], float)
