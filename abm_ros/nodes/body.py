"""
A simulated body of any kind behind ros2_control's contract: `bullet_arm`, `gym_body`, `body`.

The kind's entry in `bodies.registry` gives the node its name and its settings.
"""

import time
from dataclasses import dataclass, make_dataclass
from typing import Any

import numpy as np
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion
from rcl_interfaces.msg import SetParametersResult
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock as ClockMessage
from sensor_msgs.msg import BatteryState, Image, JointState
from std_msgs.msg import Float64MultiArray, Header, String

from abm_ros.agent.life import channels_of, stamp_ns_of
from abm_ros.bodies.distractor import DISTRACTORS, distracted
from abm_ros.bodies.registry import BODIES, BodyKind
from abm_ros.bodies.shift.body import ShiftingBody
from abm_ros.bodies.shift.script import load_script, read_shifts
from abm_ros.bodies.types import BodyState
from abm_ros.common import names
from abm_ros.common.config import section, setting
from abm_ros.common.errors import AbmError, BodyFailure, ConfigError, SpecError
from abm_ros.common.share import table_text
from abm_ros.ros import qos
from abm_ros.ros.episode_tag import episode_tag
from abm_ros.ros.node import PartNode
from abm_ros.ros.spin import begin, run_node
from abm_ros.ros.stamps import ns_to_time

# In lock-step the state is repeated with this period until its command comes, since a node may not
# have been wired yet.
_SHOW_AGAIN_S = 0.5


@dataclass(frozen=True)
class BodyNodeSettings:
    """Settings of every node of a body, beside those of its kind."""

    controller: str = setting(
        names.CONTROLLER, 'Name of the controller whose commands are taken.')
    lock_step: bool = setting(
        False, 'Wait for the command that answers each state, and publish /clock.')
    distractor: str = setting(
        '', 'Something in sight that cannot be predicted.', choices=DISTRACTORS)
    life: str = setting('', 'Script of shifts: how body and world change as time goes by.')
    shift: str = setting(
        '', "Shifts in force beside the script's: KIND VALUE [JOINT ...], with ';' between them; "
        'empty ends them.', runtime=True)
    autostart: bool = setting(True, 'Configure and activate at start.')


def node_config(kind: BodyKind) -> type[Any]:
    """
    Return the class of a node's settings: those of the kind and those of every body.

    :raises ConfigError: a setting of the kind has the name of one of the node's.
    """
    both = kind.settings & set(BodyNodeSettings.__dataclass_fields__)
    if both:
        raise ConfigError(f'{kind.config.__name__}: {", ".join(sorted(both))} is a setting of '
                          'every node of a body; give it another name')
    return make_dataclass(f'{kind.config.__name__.removesuffix("Config")}NodeConfig', (),
                          bases=(BodyNodeSettings, kind.config), frozen=True)


def config_of(kind: str) -> type[Any]:
    """Return the class of the settings of a kind's node, or of what all have for ''."""
    return node_config(BODIES.get(kind)) if kind else BodyNodeSettings


class BodyNode(PartNode[Any]):
    """
    Steps a body in real time, or in lock-step with the commands that answer its states.

    In lock-step the body publishes /clock, stamps its states with simulated time, and moves on
    only with a command whose layout label names the stamp of the state that it answers.
    """

    def __init__(self, kind: BodyKind) -> None:
        super().__init__(kind.node, node_config(kind))
        self._kind = kind
        self._body: ShiftingBody | None = None
        self._goal_episode = -1
        self._steps = 0
        self._stamp_ns = 0
        self._shown_s = 0.0
        self._next: np.ndarray | None = None
        self._lock_step: bool = self.config.lock_step
        self._joints = self.create_publisher(JointState, names.JOINT_STATES, qos.BODY)
        self._tool = self.create_publisher(PoseStamped, names.TOOL_POSE, qos.BODY)
        self._description = self.create_publisher(String, names.ROBOT_DESCRIPTION, qos.LATCHED)
        self._camera = self.create_publisher(Image, names.CAMERA, qos.BODY)
        self._battery = self.create_publisher(BatteryState, names.BATTERY, qos.BODY)
        self._goal = self.create_publisher(PoseStamped, names.GOAL, qos.LATCHED)
        self._clock_topic = (self.create_publisher(ClockMessage, '/clock', qos.CONTROL)
                       if self._lock_step else None)

    def configure(self) -> None:
        body = self._kind.make(section(self._kind.config, self.config))
        body = distracted(body, self.config.distractor, self.config.seed)
        events = (load_script(table_text(self.config.life, '')).events if self.config.life
                  else ())
        self._body = ShiftingBody(body, events, self.config.seed)
        self._body.impose(self._body.made(read_shifts(self.config.shift)))
        self._description.publish(String(data=self._body.description()))

    def activated(self) -> None:
        body = self._require()
        self._commands = self.create_subscription(
            Float64MultiArray, names.commands_topic(self.config.controller),
            lambda message: self.guarded('command', self._on_command, message), qos.CONTROL)
        self._show(body.state())
        if self._lock_step:
            self.every(_SHOW_AGAIN_S / 2, self._show_again)
        else:
            self.every(body.control_period_s, self._tick)

    def deactivated(self) -> None:
        self.destroy_subscription(self._commands)

    def cleaned_up(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None

    def reconfigured(self) -> None:
        if self._body is not None:
            self._body.impose(self._body.made(read_shifts(self.config.shift)))

    def _check_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        result = super()._check_parameters(changes)
        for change in changes:
            if change.name == 'shift' and result.successful:
                try:
                    self._require().made(read_shifts(change.value))
                except AbmError as error:
                    result = SetParametersResult(successful=False, reason=str(error))
        return result

    def _require(self) -> ShiftingBody:
        assert self._body is not None, 'configure comes before activate'
        return self._body

    def _on_command(self, message: Float64MultiArray) -> None:
        body = self._require()
        command = np.asarray(message.data, float)
        if command.shape != (len(body.command_joints),) or not np.isfinite(command).all():
            raise SpecError(f'expected {len(body.command_joints)} finite numbers, '
                            f'got {command.tolist()}')
        self._next = command
        if self._lock_step:
            label = message.layout.dim[0].label if message.layout.dim else ''
            if label == f'stamp={self._stamp_ns}':
                self._advance(command)

    def _tick(self) -> None:
        body = self._require()
        if self._next is None:
            self._stamp_ns = self.get_clock().now().nanoseconds
            self._show(body.state())
        else:
            self._advance(self._next)

    def _advance(self, command: np.ndarray) -> None:
        try:
            state = self._require().step(command)
        except BodyFailure as error:
            self.fatal, self.broken = error, True
            return
        self._steps += 1
        self._show(state)

    def _show_again(self) -> None:
        if time.monotonic() - self._shown_s > _SHOW_AGAIN_S:
            self._show(self._require().state())

    def _show(self, state: BodyState) -> None:
        body = self._require()
        if self._lock_step:
            self._stamp_ns = stamp_ns_of(self._steps, body.control_period_s)
        else:
            self._stamp_ns = self.get_clock().now().nanoseconds
        stamp = ns_to_time(self._stamp_ns)
        self._shown_s = time.monotonic()
        if self._clock_topic is not None:
            self._clock_topic.publish(ClockMessage(clock=stamp))
        frame = Header(stamp=stamp, frame_id=names.BODY_FRAME)
        if state.episode != self._goal_episode and state.goal is not None:
            self._goal_episode = state.episode
            self._publish_goal(frame, state.goal)
        if state.tool_position is not None:
            self._tool.publish(PoseStamped(
                header=frame, pose=_pose(state.tool_position, state.tool_orientation)))
        self._joints.publish(_joint_state(state, Header(
            stamp=stamp, frame_id=episode_tag(state.episode, state.step))))
        self._battery.publish(BatteryState(
            header=frame, percentage=float(state.energy), present=True))
        if state.image is not None:
            self._camera.publish(_image(state.image, frame))

    def _publish_goal(self, frame: Header, goal: np.ndarray) -> None:
        if goal.size <= 7:  # longer goals travel as joint-state channels only
            padded = np.zeros(7)
            padded[:goal.size] = goal
            if goal.size <= 3:
                padded[6] = 1.0
            self._goal.publish(PoseStamped(header=frame, pose=_pose(padded[:3], padded[3:])))


def _pose(position: np.ndarray, orientation: np.ndarray | None) -> Pose:
    x, y, z, w = (0.0, 0.0, 0.0, 1.0) if orientation is None else map(float, orientation)
    return Pose(position=Point(x=float(position[0]), y=float(position[1]), z=float(position[2])),
                orientation=Quaternion(x=x, y=y, z=z, w=w))


def _joint_state(state: BodyState, header: Header) -> JointState:
    channels, position, velocity, effort = channels_of(state)
    return JointState(header=header, name=list(channels), position=position.tolist(),
                      velocity=velocity.tolist(), effort=effort.tolist())


def _image(pixels: np.ndarray, frame: Header) -> Image:
    height, width = pixels.shape[:2]
    return Image(header=frame, height=height, width=width, encoding='rgb8', step=3 * width,
                 data=np.ascontiguousarray(pixels, np.uint8).tobytes())


def main(name: str) -> int:
    """Run the node of a kind of body."""
    kind = BODIES.get(name)
    return run_node(lambda: BodyNode(kind), begin(kind.node), autostart=True)
