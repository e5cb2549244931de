"""sensory_gate: fuses the body's topics into one observation stream; shut in sleep."""

import math
import time
from dataclasses import dataclass

import numpy as np
from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import BatteryState, Image, JointState
from std_msgs.msg import Bool, Float32MultiArray, Float64, String

from abm_ros.common import names
from abm_ros.common.config import section, setting
from abm_ros.common.errors import SpecError
from abm_ros.common.telemetry import SensoryGateTelemetry
from abm_ros.common.transition import Observation
from abm_ros.nodes.telling.teaching import Shown, Teaching
from abm_ros.robot.charge import Charge
from abm_ros.robot.description import JointLimits, read_body_tag, read_limits
from abm_ros.robot.detect.config import DetectorConfig
from abm_ros.robot.detect.detectors import Detectors
from abm_ros.robot.efforts import Efforts
from abm_ros.robot.fusion import SensorFusion
from abm_ros.robot.goal_frames import GoalFrames
from abm_ros.robot.goals import Goals
from abm_ros.robot.joint_readings import JointSample
from abm_ros.robot.kinematics import ForwardKinematics
from abm_ros.robot.layout import LayoutConfig, layout_by
from abm_ros.robot.pixels import ENCODINGS, rgb_of
from abm_ros.ros import qos
from abm_ros.ros.deferred import Deferred
from abm_ros.ros.episode_tag import parse_episode_tag
from abm_ros.ros.node import URGENT_TELEMETRY_S, PartNode
from abm_ros.ros.observation_codec import ObservationWriter
from abm_ros.ros.spin import run_node
from abm_ros.ros.stamps import Stamps, time_to_ns
from abm_ros.ros.twin_watch import TwinWatch

_LEAST_WATCH_S = 0.02
_SAY_AGAIN_S = 30.0
_SILENCE_CHECK_S = 1.0
# What a battery's status says of whether it charges; an unknown one says nothing.
_CHARGING = {BatteryState.POWER_SUPPLY_STATUS_CHARGING: True,
             BatteryState.POWER_SUPPLY_STATUS_FULL: True,
             BatteryState.POWER_SUPPLY_STATUS_DISCHARGING: False,
             BatteryState.POWER_SUPPLY_STATUS_NOT_CHARGING: False}


@dataclass(frozen=True)
class SensoryGateConfig(LayoutConfig, DetectorConfig):
    """Settings of the sensory gate."""

    joints: tuple[str, ...] = setting(
        (), 'Joints of the arm, in command order; empty takes every moving joint described.')
    tool_link: str = setting(
        '', "Link whose position is the tool's; empty takes the tip of the longest actuated "
        'chain.')
    tool_source: str = setting(
        'auto', 'Where the tool position comes from; auto computes it when no tool_pose comes.',
        choices=('auto', 'topic', 'kinematics'))
    joint_timeout_s: float = setting(
        0.5, 'Nothing is observed while a joint state is older than this.',
        unit='s', low=0.05, high=600.0)
    success_hold_s: float = setting(
        0.2, 'How long what was told on task/success holds, unless something else is told.',
        unit='s', low=0.0, high=600.0)
    patience_s: float = setting(
        0.02, 'Longest wait for the readings that belong to a joint state.',
        unit='s', low=0.0, high=10.0)
    tool_timeout_s: float = setting(
        1.0, 'With tool_source auto: how long a first tool_pose is waited for.',
        unit='s', low=0.0, high=60.0)
    lock_step: bool = setting(
        False, 'The body waits for every command, so that no observation may be missed.')
    readers: tuple[str, ...] = setting(
        (), 'Nodes that read observations, set by System M: in lock-step none is sent before they '
        'listen.', runtime=True)
    watches: bool = setting(
        False, 'Observe what teachers show; System M sets it in modes that watch.', runtime=True)
    trusted: str = setting(
        '', "Trust in teachers, as 'name=0.5 name=0.9'; System M sets it.", runtime=True)
    energy_without_battery: float = setting(
        1.0, 'Charge assumed while no battery_state comes.', low=0.0, high=1.0)
    defer_s: float = setting(
        0.004, 'How long the detectors wait, so that motors are answered first.',
        unit='s', low=0.0, high=0.1)


class SensoryGate(PartNode[SensoryGateConfig]):
    """Plumbing around `robot.fusion.SensorFusion` and `robot.detect`."""

    telemetry_period_s = URGENT_TELEMETRY_S

    def __init__(self) -> None:
        super().__init__(names.SENSORY_GATE, SensoryGateConfig)
        self._text = ''
        self._limits: JointLimits | None = None
        self._fusion: SensorFusion | None = None
        self._tool_seen = False
        self._first_joints_s: float | None = None
        self._heard: tuple[float, tuple[str, ...]] = (-math.inf, ())    # when, and names
        self._waiting_since_s: float | None = None
        self._last_ns = -1
        self._clock_jumps = 0
        self._stamps = Stamps(self)
        self._answer: Float32MultiArray | None = None
        self._writer = ObservationWriter()
        self._goals = Goals()
        self._pursued: tuple[int, np.ndarray] | None = None     # the goal that fusion knows
        self._trouble: dict[str, str] = {}    # what is refused for good, by topic
        self._charge = Charge(self.config.energy_without_battery)
        self._charging = math.nan
        self._efforts = Efforts(self.config.force_hold_s, self.config.effort_timeout_s)
        self._detectors = Detectors(section(DetectorConfig, self.config))
        self._later = Deferred(self, self.config.defer_s)
        self._observations = 0
        self._teaching = Teaching(self, self._tell)
        self.create_subscription(String, names.ROBOT_DESCRIPTION, self._on_description,
                                 qos.LATCHED)

    def telemetry(self) -> SensoryGateTelemetry:
        now_s = self._body_s()
        found = self._detectors.findings(now_s)
        return self._teaching.telemetry(SensoryGateTelemetry(
            energy=self._charge.share, effort_ratio=self._efforts.ratio(now_s),
            effort_peak=self._efforts.peak(now_s), observations=self._observations,
            clock_jumps=self._clock_jumps, goals_refused=self._goals.refused,
            described=self._limits is not None, charging=self._charging,
            looming=found.pop('looming', math.nan), cue=found.pop('cue', math.nan),
            findings=found, trouble='. '.join(self._trouble.values())))

    def activated(self) -> None:
        self._goals.reactivate()
        self._first_joints_s = self._waiting_since_s = None
        self._fusion = None
        self._detectors.forget()
        self._prepare()
        self._teaching.activated()
        self.every(max(_LEAST_WATCH_S, self.config.patience_s), self._check_patience)
        self.every(_SILENCE_CHECK_S, self._check_joints)

    def deactivated(self) -> None:
        self._later.flush()
        self._detectors.forget()

    def _on_description(self, message: String) -> None:
        self.guarded('robot_description', self._take_description, message.data)

    def _take_description(self, text: str) -> None:
        if text != self._text:
            tag = read_body_tag(text)
            self._limits = read_limits(text, self.config.joints)
            frames = GoalFrames(text, () if tag is None else (names.BODY_FRAME,))
            self.guarded(names.GOAL, self._goals.describe, frames)
            self._text = text
            self._fusion = None
            self._prepare()

    def _prepare(self) -> None:
        """Build the fusion once everything that it needs is known."""
        if self._limits is None or self._fusion is not None or not self.active:
            return
        config = self.config
        layout = layout_by(section(LayoutConfig, config), self._limits, read_body_tag(self._text))
        tool_of = None
        if layout.needs_tool and self._computes_tool():
            arm = ForwardKinematics(self._text, layout.joints, config.tool_link)
            if arm.tool.choice:
                self.get_logger().info(arm.tool.choice)
            tool_of = arm.tool_position
        self._fusion = SensorFusion(layout, tool_of, patience_s=config.patience_s,
                                    joint_timeout_s=config.joint_timeout_s,
                                    success_hold_s=config.success_hold_s)
        self._pursued = None
        self._pursue()
        self._teaching.describe(layout, self._limits, self._text, config.tool_link)
        self.emit('spec', String(data=layout.spec.to_json()))

    def _computes_tool(self) -> bool:
        source = self.config.tool_source
        if source != 'auto':
            return source == 'kinematics'
        waited = (self._now_s() - self._first_joints_s
                  if self._first_joints_s is not None else 0.0)
        return not self._tool_seen and waited > self.config.tool_timeout_s

    def on_joint_states(self, message: JointState) -> None:
        """Make an observation of a joint state."""
        if self._first_joints_s is None:
            self._first_joints_s = self._now_s()
        fusion = self._fusion
        if message.name:
            self._heard = self._now_s(), tuple(message.name)
        if fusion is not None:
            self._sense(fusion, message)
        if self._limits is not None:    # after the observation is on its way
            self._efforts.take(self._limits, tuple(message.name), message.effort, self._body_s())

    def _sense(self, fusion: SensorFusion, message: JointState) -> None:
        if (self.config.lock_step and self._answer is not None
                and time_to_ns(message.header.stamp) == self._last_ns):
            self._tell(self._answer)   # shown again: the same answer
            return
        if fusion.waits_for_tool and self._computes_tool():
            self._fusion = None
            self._prepare()
            return
        episode, step = parse_episode_tag(message.header.frame_id)
        sample = JointSample(self._stamps.of(names.JOINT_STATES, message.header),
                             tuple(message.name), message.position, message.velocity, episode,
                             step)
        jumps = fusion.readings.jumps
        self._publish(fusion.joints(sample, self._now_s()))
        if fusion.readings.jumps != jumps:
            self._clock_jumps += 1
            self.get_logger().warning(
                'the clock of the joint states was set back: a new episode begins',
                throttle_duration_sec=_SAY_AGAIN_S)
        if fusion.waiting and self._waiting_since_s is None:
            self._waiting_since_s = self._now_s()

    def on_tool_pose(self, message: PoseStamped) -> None:
        """Take the tool's position."""
        self._tool_seen = True
        if self._fusion is not None:
            point = message.pose.position
            position = self._goals.tool_position(
                message.header.frame_id, np.array([point.x, point.y, point.z]))
            self._pursue()
            self._publish(self._fusion.tool(
                self._stamps.of(names.TOOL_POSE, message.header), position))

    def on_goal(self, message: PoseStamped) -> None:
        """Take a goal: a position, and an orientation after it where the goal is longer."""
        p, q, header = message.pose.position, message.pose.orientation, message.header
        try:
            self._goals.take(header.frame_id, np.array([p.x, p.y, p.z, q.x, q.y, q.z, q.w]),
                             time_to_ns(header.stamp), self._stamps.of(names.GOAL, header))
        except SpecError as error:
            self._refuse(names.GOAL, error)
            return
        self._trouble.pop(names.GOAL, None)
        self._pursue()

    def _pursue(self) -> None:
        """Tell the fusion of the goal in force, once."""
        goal = self._goals.newest
        if goal is not None and goal is not self._pursued and self._fusion is not None:
            self._pursued = goal
            self._publish(self._fusion.goal(*goal))

    def _refuse(self, topic: str, error: SpecError) -> None:
        """Count what is refused of a topic; say it when it is something new."""
        self.refused += 1
        if self._trouble.get(topic) != (text := str(error)):
            self._trouble[topic] = text
            self.get_logger().error(f'{topic} refused: {text}')

    def on_success(self, message: Bool) -> None:
        """Take what the task tells of the step under way: a button, or a detector."""
        if self._fusion is not None:
            self._fusion.success(message.data)

    def on_demonstration(self, message: Shown) -> None:
        """Take what a teacher or a peer shows; it waits for a mode that watches."""
        self._teaching.shown(message)

    on_peer = on_demonstration

    def on_reward(self, message: Float64) -> None:
        """Take a reward for the step under way."""
        if self._fusion is not None:
            self._fusion.reward(message.data)

    def on_battery(self, message: BatteryState) -> None:
        """Take the charge, and whether it rises."""
        if self._charge.take(message.percentage):
            self.get_logger().info(f'{names.BATTERY} tells the charge as 0 to 100, where '
                                   'sensor_msgs has 0 to 1: it is taken for per cent')
        told = _CHARGING.get(message.power_supply_status)
        if told is None and (message.current > 0.0 or message.current < 0.0):
            told = message.current > 0.0    # A, negative when discharging
        self._charging = math.nan if told is None else float(told)

    def on_camera(self, message: Image) -> None:
        """Take an image: for the observation where it belongs to one, then for the detectors."""
        self._later.flush()
        if message.encoding not in ENCODINGS:
            self._refuse(names.CAMERA, SpecError(
                f"camera image: encoding '{message.encoding}', expected one of "
                f'{", ".join(ENCODINGS)}'))
            return
        self._trouble.pop(names.CAMERA, None)
        stamp_ns = self._stamps.of(names.CAMERA, message.header)
        if self._fusion is not None and self._fusion.image_size:
            self._publish(self._fusion.image(stamp_ns, _pixels(message)))
        if self._detectors.due(stamp_ns):
            self._later('detectors', self._detect, stamp_ns, message)

    def _detect(self, stamp_ns: int, message: Image) -> None:
        for text in self._detectors.look(stamp_ns, _pixels(message), self._body_s()):
            self.emit('cue', String(data=text))

    def _check_patience(self) -> None:
        since = self._waiting_since_s
        if (since is not None and self._fusion is not None
                and self._now_s() - since > self.config.patience_s):
            self._waiting_since_s = None
            self._publish(self._fusion.give_up_waiting())

    def _check_joints(self) -> None:
        """Refuse, by name, a robot that shows itself without a joint that is needed."""
        now_s, (heard_s, heard) = self._now_s(), self._heard
        if self._fusion is None or self._first_joints_s is None or now_s - heard_s > (
                _SILENCE_CHECK_S) or now_s - self._first_joints_s < _SILENCE_CHECK_S:
            return
        if silent := self._fusion.silent(now_s):
            raise SpecError(f'joint_states lacks {", ".join(silent)}, which must be observed; '
                            f'got {", ".join(heard)} last')

    def _publish(self, observation: Observation | None) -> None:
        if observation is None or self._fusion is None or self._teaching.shows:
            return
        self._waiting_since_s = None
        self._last_ns = observation.stamp_ns
        self._observations += 1
        self._answer = self._writer.write(observation, self._fusion.layout.spec)
        self._tell(self._answer)

    def _tell(self, message: Float32MultiArray) -> None:
        if not self.config.lock_step or self.reaches('observation', self.config.readers):
            self.emit('observation', message)

    def _body_s(self) -> float:
        """Return the time by which findings go stale: in lock-step the body's, which may wait."""
        return self._last_ns * 1e-9 if self.config.lock_step else self._now_s()

    def _now_s(self) -> float:
        return time.monotonic()


def _pixels(message: Image) -> np.ndarray:
    return rgb_of(message.encoding, message.height, message.width, message.step, message.data,
                  bool(message.is_bigendian))


def main(twins: TwinWatch) -> int:
    """Run the node."""
    return run_node(SensoryGate, twins)
