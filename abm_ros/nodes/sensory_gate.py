"""sensory_gate: fuses the body's topics into one observation stream; shut in sleep."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import BatteryState, Image, JointState
from std_msgs.msg import Float32MultiArray, String

from abm_ros.common import names
from abm_ros.common.config import section, setting
from abm_ros.common.transition import Observation
from abm_ros.robot.description import JointLimits, read_body_tag, read_limits
from abm_ros.robot.detect.config import DetectorConfig
from abm_ros.robot.detect.detectors import Detectors
from abm_ros.robot.detect.peak_hold import PeakHold
from abm_ros.robot.fusion import JointSample, SensorFusion, layout_for
from abm_ros.robot.kinematics import ForwardKinematics
from abm_ros.ros import qos
from abm_ros.ros.codec import Writer, parse_episode_tag, pixels_of, time_to_ns
from abm_ros.ros.deferred import Deferred
from abm_ros.ros.node import URGENT_TELEMETRY_S, PartNode
from abm_ros.ros.spin import run_node

_LEAST_WATCH_S = 0.02
# What a battery's status says of whether it charges; an unknown one says nothing.
_CHARGING = {BatteryState.POWER_SUPPLY_STATUS_CHARGING: True,
             BatteryState.POWER_SUPPLY_STATUS_FULL: True,
             BatteryState.POWER_SUPPLY_STATUS_DISCHARGING: False,
             BatteryState.POWER_SUPPLY_STATUS_NOT_CHARGING: False}


@dataclass(frozen=True)
class SensoryGateConfig(DetectorConfig):
    """Settings of the sensory gate."""

    joints: tuple[str, ...] = setting(
        (), 'Joints of the arm, in command order; empty takes every moving joint described.')
    tool_link: str = setting(
        '', "Link whose position is the tool's; empty takes the last link described.")
    tool_source: str = setting(
        'auto', 'Where the tool position comes from; auto computes it when no tool_pose comes.',
        choices=('auto', 'topic', 'kinematics'))
    goal_tolerance: float = setting(
        0.05, 'Distance at which a goal is reached (a simulated body says its own).',
        unit='m', low=0.0001, high=10.0)
    horizon: int = setting(
        50, 'Steps after which an episode is cut (a simulated body says its own).',
        low=1, high=100000)
    event_share: float = setting(
        0.03, 'What the goal is about has moved when it moved by more than this share of the '
        'tolerance in a step.', low=1e-6, high=10.0)
    control_period_s: float = setting(
        0.05, 'Time between two observations; faster joint states are thinned out.',
        unit='s', low=0.001, high=1.0)
    patience_s: float = setting(
        0.02, 'Longest wait for the readings that belong to a joint state.',
        unit='s', low=0.0, high=10.0)
    tool_timeout_s: float = setting(
        1.0, 'With tool_source auto: how long a first tool_pose is waited for.',
        unit='s', low=0.0, high=60.0)
    camera_size: int = setting(
        0, 'Width and height to which camera images are scaled to be observed; 0 leaves them out '
        '(a simulated body says its own).', unit='pixel', low=0, high=512)
    lock_step: bool = setting(
        False, 'The body waits for every command, so that no observation may be missed.')
    readers: tuple[str, ...] = setting(
        (), 'Nodes that read observations, set by System M: in lock-step none is sent before they '
        'listen.', runtime=True)
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
        self._waiting_since_s: float | None = None
        self._last_ns = -1
        self._answer: Float32MultiArray | None = None
        self._writer = Writer()
        self._goal: tuple[int, np.ndarray] | None = None
        self._energy = self.config.energy_without_battery
        self._charging: dict[str, float] = {}
        self._effort = PeakHold(0.0, self.config.effort_timeout_s)
        self._force = PeakHold(self.config.force_hold_s, self.config.effort_timeout_s)
        self._detectors = Detectors(section(DetectorConfig, self.config))
        self._later = Deferred(self, self.config.defer_s)
        self._observations = 0
        self.create_subscription(String, names.ROBOT_DESCRIPTION, self._on_description,
                                 qos.LATCHED)

    def telemetry(self) -> Mapping[str, float]:
        now_s = self._body_s()
        return {'energy': self._energy, 'effort_ratio': self._effort.value(now_s),
                'effort_peak': self._force.value(now_s),
                'observations': self._observations,
                'described': float(self._limits is not None),
                'waiting': float(self._waiting_since_s is not None),
                **self._charging, **self._detectors.findings(now_s)}

    def activated(self) -> None:
        self._first_joints_s = self._waiting_since_s = None
        self._fusion = None
        self._detectors.forget()
        self._prepare()
        self.every(max(_LEAST_WATCH_S, self.config.patience_s), self._check_patience)

    def deactivated(self) -> None:
        self._later.flush()
        self._detectors.forget()

    def _on_description(self, message: String) -> None:
        self.guarded('robot_description', self._take_description, message.data)

    def _take_description(self, text: str) -> None:
        if text != self._text:
            self._limits = read_limits(text, self.config.joints)
            self._text = text
            self._fusion = None
            self._prepare()

    def _prepare(self) -> None:
        """Build the fusion once everything that it needs is known."""
        if self._limits is None or self._fusion is not None or not self.active:
            return
        config = self.config
        layout = layout_for(
            self._limits, read_body_tag(self._text), goal_tolerance=config.goal_tolerance,
            horizon=config.horizon, control_period_s=config.control_period_s,
            camera=config.camera_size, event_share=config.event_share)
        tool_of = None
        if layout.needs_tool and self._computes_tool():
            tool_of = ForwardKinematics(
                self._text, layout.joints, config.tool_link).tool_position
        self._fusion = SensorFusion(layout, tool_of)
        if self._goal is not None:   # it may have come before the description, and only once
            self._fusion.goal(*self._goal)
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
        if fusion is not None:
            self._sense(fusion, message)
        self._measure_effort(message)   # after the observation is on its way

    def _sense(self, fusion: SensorFusion, message: JointState) -> None:
        stamp_ns = time_to_ns(message.header.stamp)
        if stamp_ns == self._last_ns and self._answer is not None:
            self._tell(self._answer)   # shown again: the same answer
            return
        period_ns = fusion.layout.spec.control_period_s * 1e9
        if 0 <= stamp_ns - self._last_ns < 0.7 * period_ns:
            return
        if fusion.waits_for_tool and self._computes_tool():
            self._fusion = None
            self._prepare()
            return
        episode, step = parse_episode_tag(message.header.frame_id)
        self._publish(fusion.joints(JointSample(
            stamp_ns, tuple(message.name), message.position, message.velocity, episode, step)))
        if self._last_ns != stamp_ns and self._waiting_since_s is None:
            self._waiting_since_s = self._now_s()

    def on_tool_pose(self, message: PoseStamped) -> None:
        """Take the tool's position."""
        self._tool_seen = True
        if self._fusion is not None:
            point = message.pose.position
            self._publish(self._fusion.tool(
                time_to_ns(message.header.stamp), np.array([point.x, point.y, point.z])))

    def on_goal(self, message: PoseStamped) -> None:
        """Take a goal: a position, and an orientation after it where the goal is longer."""
        p, q = message.pose.position, message.pose.orientation
        self._goal = (time_to_ns(message.header.stamp),
                      np.array([p.x, p.y, p.z, q.x, q.y, q.z, q.w]))
        if self._fusion is not None:
            self._publish(self._fusion.goal(*self._goal))

    def on_battery(self, message: BatteryState) -> None:
        """Take the charge; a reading that is not a share in [0, 1] is no reading."""
        if 0.0 <= message.percentage <= 1.0:
            self._energy = float(message.percentage)
            told = _CHARGING.get(message.power_supply_status)
            if told is None and (message.current > 0.0 or message.current < 0.0):
                told = message.current > 0.0    # A, negative when discharging
            self._charging = {} if told is None else {'charging': float(told)}

    def on_camera(self, message: Image) -> None:
        """Take an image: for the observation where it belongs to one, then for the detectors."""
        self._later.flush()
        stamp_ns = time_to_ns(message.header.stamp)
        if self._fusion is not None and self._fusion.image_size:
            self._publish(self._fusion.image(stamp_ns, pixels_of(message)))
        if self._detectors.due(stamp_ns):
            self._later('detectors', self._detect, stamp_ns, message)

    def _detect(self, stamp_ns: int, message: Image) -> None:
        for text in self._detectors.look(stamp_ns, pixels_of(message), self._body_s()):
            self.emit('cue', String(data=text))

    def _measure_effort(self, message: JointState) -> None:
        if self._limits is not None and len(message.effort) == len(message.name):
            ratio = self._limits.effort_ratio(
                dict(zip(message.name, message.effort, strict=True)))
            self._effort.take(self._body_s(), ratio)
            self._force.take(self._body_s(), ratio)

    def _check_patience(self) -> None:
        since = self._waiting_since_s
        if (since is not None and self._fusion is not None
                and self._now_s() - since > self.config.patience_s):
            self._waiting_since_s = None
            self._publish(self._fusion.give_up_waiting())

    def _publish(self, observation: Observation | None) -> None:
        if observation is None or self._fusion is None:
            return
        self._waiting_since_s = None
        self._last_ns = observation.stamp_ns
        self._observations += 1
        self._answer = self._writer.observation(observation, self._fusion.layout.spec)
        self._tell(self._answer)

    def _tell(self, message: Float32MultiArray) -> None:
        if not self.config.lock_step or self.reaches('observation', self.config.readers):
            self.emit('observation', message)

    def _body_s(self) -> float:
        """Return the time by which findings go stale: in lock-step the body's, which may wait."""
        return self._last_ns * 1e-9 if self.config.lock_step else self._now_s()

    def _now_s(self) -> float:
        return time.monotonic()


def main() -> int:
    """Run the node."""
    return run_node(SensoryGate)
