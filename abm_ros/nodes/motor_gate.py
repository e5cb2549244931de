"""motor_gate: the only way to the motors."""

import math
import time
from dataclasses import dataclass

import numpy as np
from sensor_msgs.msg import JointState
from std_msgs.msg import Float32MultiArray, Header, String
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from abm_ros.common import names
from abm_ros.common.config import check, section, setting
from abm_ros.common.errors import ConfigError, SpecError
from abm_ros.common.telemetry import MotorGateTelemetry
from abm_ros.nodes.telling.correcting import Correcting
from abm_ros.robot.deadman import DeadmanLatch
from abm_ros.robot.description import read_limits
from abm_ros.robot.joint_readings import JUMP_S, JointReadings, JointSample
from abm_ros.robot.motor_guard import MotorConfig, MotorGuard
from abm_ros.ros import joint_states, qos
from abm_ros.ros.codec import Packet, Writer, decode
from abm_ros.ros.commands import CommandPublisher
from abm_ros.ros.heartbeat import Heartbeat
from abm_ros.ros.node import URGENT_TELEMETRY_S, PartNode
from abm_ros.ros.spin import run_node
from abm_ros.ros.twin_watch import TwinWatch

# Period of the deadman check; a standstill begins at most this late.
_WATCH_PERIOD_S = 0.02
_LATE = 0.9         # of a control period
_LEAD_S = 0.002   # of reading a joint state before the action that answers it
_JUMP_NS = round(JUMP_S * 1e9)
_SAY_AGAIN_S = 30.0
STANDSTILL_LABEL = 'standstill'


@dataclass(frozen=True)
class MotorGateConfig(MotorConfig):
    """Settings of the motor gate."""

    joints: tuple[str, ...] = setting(
        (), "Commanded joints, in the controller's order; empty takes every moving joint.")
    controller: str = setting(
        names.CONTROLLER, 'Name of the ros2_control controller that takes the commands.')
    deadman_s: float = setting(
        0.2, 'The gate shuts when no good action came for this long.',
        unit='s', low=0.02, high=600.0)
    heartbeat_timeout_s: float = setting(
        0.3, "The gate shuts when System M's heartbeat is older than this.",
        unit='s', low=0.05, high=600.0)
    joint_timeout_s: float = setting(
        0.5, 'The gate shuts when the joint state is older than this.',
        unit='s', low=0.05, high=600.0)
    max_action_age_s: float = setting(
        0.3, 'Oldest sensor reading (against the newest) that an action may derive from.',
        unit='s', low=0.02, high=600.0)
    correction_timeout_s: float = setting(
        0.3, "A person's correction stands in for System B's actions for this long.",
        unit='s', low=0.02, high=10.0)
    incarnation: str = setting(
        '', 'Incarnation of System M whose heartbeats count from the next activation on; set by '
        'System M. Empty adopts the first one heard.', runtime=True)
    speed_limit: float = setting(
        1.0, "Share of the velocity limits that any command may use: System M's constraints set "
        'it.', low=0.01, high=1.0, runtime=True)
    lock_step: bool = setting(
        False, 'The body waits for every command: ration motion by step, not by the clock.')
    readers: tuple[str, ...] = setting(
        (), 'Nodes that read what was executed, set by System M: in lock-step nothing moves '
        'before they do.', runtime=True)

    def __post_init__(self) -> None:
        check(self)
        least_s = self.deadman_s + _WATCH_PERIOD_S
        if (self.command_interface in ('velocity', 'effort') and not self.lock_step
                and self.coast_s < least_s - 1e-9):
            raise ConfigError(
                f'coast_s: {self.coast_s:g} s is too short for {self.command_interface} commands, '
                f'expected at least deadman_s and a watch period, {least_s:g} s: a command goes '
                'on that long, and must not carry a joint beyond its limit; raise coast_s or '
                'lower deadman_s')


class MotorGate(PartNode[MotorGateConfig]):
    """
    Plumbing around `robot.motor_guard` and `robot.deadman`.

    The command publisher, the joint states, the description and the heartbeat are hard-wired:
    they live as long as the process, so that a shut gate still stops the arm.
    """

    telemetry_period_s = URGENT_TELEMETRY_S

    def __init__(self) -> None:
        super().__init__(names.MOTOR_GATE, MotorGateConfig)
        config = self.config
        self._guard: MotorGuard | None = None
        self._latch = DeadmanLatch(config.deadman_s, config.heartbeat_timeout_s)
        self._text = ''
        self._readings = JointReadings(())
        self._joints_s = -np.inf
        self._writer = Writer()
        self._joint_stamp_ns = -1
        self._action_stamp_ns = -1
        self._last_standstill_s = -np.inf
        self._repeatable = False     # whether the last command answers an action
        self._early: Float32MultiArray | None = None
        self._was_open = False
        self._correcting = Correcting(self)
        self._commands = self._clock_jumps = 0
        self._reason = 'starting'
        self._command = CommandPublisher(
            self, config.controller, trajectory=config.command_interface == 'trajectory',
            period_s=config.control_period_s)
        self.create_subscription(String, names.ROBOT_DESCRIPTION, self._on_description,
                                 qos.LATCHED)
        self._states = joint_states.JointStateReader(self.poll(
            JointState, names.JOINT_STATES, raw=True, depth=joint_states.DEPTH))
        self.create_subscription(Header, names.HEARTBEAT, self._on_heartbeat, qos.CONTROL)
        self.create_service(Trigger, names.GATE_HOLD, self._on_hold)
        self.create_service(Trigger, names.GATE_RELEASE, self._on_release)
        self.steady.add(_WATCH_PERIOD_S, self._watch)
        self._look_ahead = self.steady.add(1.0, self._look)
        self._look_ahead.cancel()

    def telemetry(self) -> MotorGateTelemetry:
        return MotorGateTelemetry(
            open=self._was_open, commands=self._commands, held=self._latch.held,
            corrected=self._correcting.count, clock_jumps=self._clock_jumps,
            tripped=self._latch.tripped,
            shut='' if self._was_open else self._reason,
            joints='' if self._guard is None else ' '.join(self._guard.limits.joints),
            silent=self._silent())

    def _silent(self) -> str:
        """Return the topics of the body without usable messages now."""
        silent = [] if self._guard is not None else [names.ROBOT_DESCRIPTION]
        if self._now_s() - self._joints_s > self.config.joint_timeout_s:
            silent.append(names.JOINT_STATES)
        return ' '.join(self.resolve_topic_name(topic) for topic in silent)

    def activated(self) -> None:
        self._action_stamp_ns, self._early = -1, None
        self._correcting.drop()
        self._latch.arm(self.config.incarnation)

    def reconfigured(self) -> None:
        if self._guard is not None:
            self._guard.envelope(self.config.speed_limit)

    def deactivated(self) -> None:
        self._latch.disarm('the motor gate is not active')
        self._stop('the motor gate is not active')

    def failed(self, what: str) -> None:
        self._latch.disarm(f'{what} failed; see the log')

    def _on_hold(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Shut at once, whatever System M says and whether or not it is alive."""
        self._latch.hold()
        self.guarded('hold', self._stop, 'the operator holds')
        response.success, response.message = True, 'shut until release'
        return response

    def _on_release(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._latch.release()
        self.get_logger().info('released by the operator')
        response.success, response.message = True, 'opens again when System M says so'
        return response

    def _on_description(self, message: String) -> None:
        self.guarded('robot_description', self._take_description, message.data)

    def _take_description(self, text: str) -> None:
        if text == self._text:
            return
        told = read_limits(text, self.config.joints, self.config.command_interface)
        self._guard = MotorGuard(section(MotorConfig, self.config), told)
        slowed = [f'{joint} ({limit:g})' for joint, limit, kept in zip(
            told.joints, told.velocity, self._guard.limits.velocity, strict=True) if kept < limit]
        if slowed:
            self.get_logger().info(f'at most {self.config.max_velocity:g} rad/s or m/s, by '
                                   f'most_velocity: {", ".join(slowed)}')
        self._guard.envelope(self.config.speed_limit)
        self._text = text
        self._readings = JointReadings(told.joints)

    def _poll_joints(self) -> None:
        """Read the joint states since the last call."""
        for heard in self._states.read():
            self.guarded('joint_states', self._take_joints, heard)

    def _take_joints(self, heard: joint_states.JointStateHeard) -> None:
        guard, readings = self._guard, self._readings
        came_s = self._now_s() - heard.age_s
        stamp_ns = heard.stamp_ns if heard.stamp_ns > 0 else (
            self.get_clock().now().nanoseconds - round(heard.age_s * 1e9))
        if guard is None or not guard.needs_position:
            self._set_time(stamp_ns)
            self._joints_s = came_s
            return
        try:
            readings.take(JointSample(stamp_ns, heard.names, heard.position, heard.velocity),
                          came_s)
        finally:
            if readings.stamp_ns >= 0:
                self._set_time(readings.stamp_ns)
        if readings.oldest_s > -math.inf:
            guard.measure(readings.position, readings.velocity,
                          [joint_ns * 1e-9 for joint_ns in readings.stamps_ns])
        self._joints_s = readings.oldest_s

    def _set_time(self, stamp_ns: int) -> None:
        """Take the newest time of the joint states; a jump back voids earlier readings."""
        if self._joint_stamp_ns - stamp_ns > _JUMP_NS:
            self._clock_jumps += 1
            self._action_stamp_ns, self._early, self._repeatable = -1, None, False
            self.get_logger().warning(
                'the clock of the joint states was set back by '
                f'{(self._joint_stamp_ns - stamp_ns) * 1e-9:.3g} s: actions that derive from '
                'readings before that move nothing', throttle_duration_sec=_SAY_AGAIN_S)
        self._joint_stamp_ns = stamp_ns

    def _on_heartbeat(self, message: Header) -> None:
        self.guarded('heartbeat', self._take_heartbeat, message)

    def _take_heartbeat(self, message: Header) -> None:
        beat = Heartbeat.parse(message.frame_id)
        self._latch.heartbeat(beat.incarnation, beat.motors_open, self._now_s())
        if not beat.motors_open and self._was_open:
            self._stop('System M says that the motors are shut')

    def on_correction(self, message: JointTrajectory) -> None:
        """Take where a person wants the joints now."""
        if self._guard is None:
            raise SpecError('correction: no robot description yet; wait for it')
        self._poll_joints()
        self._correcting.take(message, self._guard, self._now_s())

    def on_action(self, message: Float32MultiArray) -> None:
        """Move, if the gate is open and the action is fit to be executed."""
        now_s = self._now_s()
        self._poll_joints()
        if self._shut_reason(now_s, arriving=True):
            return
        if self.config.lock_step and not self.reaches('executed', self.config.readers):
            return   # the body repeats its state until it is answered
        packet = decode(message)
        if self.config.lock_step and packet.stamp_ns > self._joint_stamp_ns:
            self._early = message   # it overtook the joint state that it starts from
            return
        self._check_age(packet.stamp_ns)
        if packet.stamp_ns == self._action_stamp_ns:
            if self.config.lock_step and self._repeatable:
                self._command.repeat()   # asked again: the same answer
            return
        guard = self._guard
        assert guard is not None
        action, teacher = self._correcting.replaced(packet.array('action'), guard, now_s)
        motion = guard.act(action, packet.stamp_ns * 1e-9 if self.config.lock_step else now_s)
        self._latch.action(now_s)
        self._action_stamp_ns = packet.stamp_ns
        self._was_open = True
        self._commands += 1
        self._send(motion.command, f'stamp={packet.stamp_ns}')
        if not self._came_late(packet.stamp_ns):
            told = {'action': motion.executed, 'command': motion.command.astype(np.float32)}
            self.emit('executed', self._writer.write(Packet(
                packet.stamp_ns, told, {**packet.attributes, **teacher})))
        # The next joint state is read while the action for it is being computed.
        self._look_ahead.period_s = max(
            self.config.control_period_s - _LEAD_S, self.config.control_period_s / 2)
        self._look_ahead.reset()

    def _look(self) -> None:
        self._look_ahead.cancel()
        self.guarded('joint_states', self._poll_joints)

    def _came_late(self, stamp_ns: int) -> bool:
        """Tell whether the next reading was there first, so that the action did not lead to it."""
        late_s = (self._joint_stamp_ns - stamp_ns) * 1e-9
        if self.config.lock_step or late_s <= _LATE * self.config.control_period_s:
            return False
        self.get_logger().warning(f'action {late_s:.3f} s late: nothing is learned from its step',
                                  throttle_duration_sec=_SAY_AGAIN_S)
        return True

    def _check_age(self, stamp_ns: int) -> None:
        age_s = (self._joint_stamp_ns - stamp_ns) * 1e-9
        if abs(age_s) > self.config.max_action_age_s:
            raise SpecError(f'action derives from a reading {age_s:.3f} s away from the newest, '
                            f'at most {self.config.max_action_age_s:g} s is allowed')
        if stamp_ns < self._action_stamp_ns:
            raise SpecError('action is older than the one before it')

    def _shut_reason(self, now_s: float, *, arriving: bool = False) -> str:
        if self._guard is None:
            return 'no robot description with limits yet'
        if now_s - self._joints_s > self.config.joint_timeout_s:
            return self._silence(now_s)
        return (self._latch.shut_before_action(now_s) if arriving
                else self._latch.shut(now_s))

    def _silence(self, now_s: float) -> str:
        silent = self._readings.silent_since(now_s - self.config.joint_timeout_s)
        some = 0 < len(silent) < len(self._readings.joints)
        return f'no fresh joint state{" of " + ", ".join(silent) if some else ""}'

    def _watch(self) -> None:
        self.guarded('watch', self._stop_when_shut)

    def _stop_when_shut(self) -> None:
        self._poll_joints()
        early, self._early = self._early, None
        if early is not None and self.active:
            self.on_action(early)
        now_s = self._now_s()
        reason = self._shut_reason(now_s)
        if reason and (self._was_open or
                       now_s - self._last_standstill_s >= self.config.control_period_s):
            self._stop(reason)

    def _stop(self, reason: str) -> None:
        if self._was_open:
            self.get_logger().info(f'gate shut: {reason}')
        self._was_open, self._reason = False, reason
        command = self._guard.standstill() if self._guard is not None else None
        if command is not None:
            self._last_standstill_s = self._now_s()
            self._send(command, STANDSTILL_LABEL)
            self._repeatable = False

    def _send(self, command: np.ndarray, label: str) -> None:
        if not math.isfinite(sum(command.tolist())):
            raise SpecError('a command was not finite; nothing was sent')
        assert self._guard is not None
        self._command.send(self._guard.limits.joints, command, label)
        self._repeatable = self.config.command_interface != 'trajectory'

    def _now_s(self) -> float:
        return time.monotonic()


def main(twins: TwinWatch) -> int:
    """Run the node."""
    return run_node(MotorGate, twins)
