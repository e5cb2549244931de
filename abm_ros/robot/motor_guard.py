"""
The motor guard: from a normalised action to a joint command that never leaves its limits.

The guard refuses before it clamps: an action that is not finite or of the wrong length moves
nothing. A token bucket limits motion, so that neither a large action nor a flood of small ones can
exceed the velocity limits.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from abm_ros.common.config import check, setting
from abm_ros.common.errors import NonFiniteError, SpecError
from abm_ros.common.spec import check_array
from abm_ros.robot.correction import towards
from abm_ros.robot.description import JointLimits
from abm_ros.robot.following import Following, reach, reach_astray
from abm_ros.robot.joint_readings import whole_turns

INTERFACES = ('position', 'velocity', 'effort', 'trajectory')
# Two positions give a velocity if the time between them is in this range. A shorter time gives
# noise; over a longer time (or two control periods) the joint may have moved back and forth.
_SHORTEST_S, _LONGEST_S = 0.01, 0.5


@dataclass(frozen=True)
class MotorConfig:
    """How actions become commands; the limits of the description can only be tightened."""

    command_interface: str = setting(
        'position', 'What the controller takes.', choices=INTERFACES)
    control_period_s: float = setting(
        0.05, 'Nominal time between two actions.', unit='s', low=0.001, high=1.0)
    max_velocity: float = setting(
        4.0, 'Fastest that a joint is asked for where its limit is more: a description often '
        'gives a placeholder, and steps that large are neither safe nor easy to foresee.',
        unit='rad/s or m/s', low=0.001, high=1e6, formerly='most_velocity')
    velocity_scale: float = setting(
        0.8, 'Share of the velocity limit that a full action uses.', low=0.01, high=1.0)
    effort_scale: float = setting(
        1.0, 'Share of the effort limit that a full action uses.', low=0.01, high=1.0)
    position_margin: float = setting(
        0.02, 'Distance kept from the position limits, at most a tenth of what lies between them.',
        unit='rad or m', low=0.0, high=0.5)
    coast_s: float = setting(
        0.3, 'Longest that a velocity or effort command may go on before the gate stops it, at '
        'least deadman_s and 0.02 s more; motion towards a position limit leaves room for it.',
        unit='s', low=0.0, high=600.0)

    def __post_init__(self) -> None:
        check(self)

    @property
    def look_ahead_s(self) -> float:
        """How far ahead a joint must stay within its limits, s."""
        return max(self.control_period_s, self.coast_s)


def tightened(limits: JointLimits, config: MotorConfig) -> JointLimits:
    """Return the limits for motion; inputs of a simulated body keep theirs (decision 0018)."""
    if limits.inputs:
        return limits
    return replace(limits, velocity=np.minimum(limits.velocity, config.max_velocity))


@dataclass(frozen=True)
class Motion:
    """A command (J,) for the controller, and the action (J,) in [-1, 1] that it realises."""

    command: np.ndarray
    executed: np.ndarray


class _Joint(NamedTuple):
    """A joint: its limits (rad or m, per s), and the largest and the full motion in a period."""

    lower: float
    upper: float
    velocity: float
    most: float
    full: float


class MotorGuard:
    """
    Maps actions to commands under limits and remembers what it last commanded.

    Continuous joints are unwrapped when measured. Commands are sent in the turn of the last
    reading: an arm that reports 3.1 rad crosses pi with a command of 3.15, and continues from -3.1
    with one of -3.05.
    """

    def __init__(self, config: MotorConfig, limits: JointLimits) -> None:
        self.config = config
        self.limits = limits = tightened(limits, config)
        self.size = len(limits.joints)
        # A gripper's finger moves 4 cm in all.
        margin = np.minimum(config.position_margin, 0.1 * (limits.upper - limits.lower))
        self._lower, self._upper = limits.lower + margin, limits.upper - margin
        period_s = config.control_period_s
        self._joints = [
            _Joint(float(low), float(high), float(v), float(v) * period_s,
                   float(v) * config.velocity_scale * period_s)
            for low, high, v in zip(self._lower, self._upper, limits.velocity, strict=True)]
        self._least = (0.5 * margin).tolist()     # motion of a joint that is at its stop
        self._stops = list(zip(limits.lower.tolist(), limits.upper.tolist(), strict=True))
        self._following = Following([joint.full for joint in self._joints])
        self._share = 1.0
        self._endless = [slot for slot, endless in enumerate(limits.continuous) if endless]
        self._winding = [0.0] * self.size   # whole turns between reported and unwrapped positions
        self._position: list[float] | None = None
        self._velocity: list[float] | None = None
        self._slope = [math.nan] * self.size
        self._anchors: list[tuple[float, float] | None] = [None] * self.size
        self._target: list[float] | None = None
        self._tokens_s = config.control_period_s
        self._token_time_s: float | None = None

    def envelope(self, share: float) -> None:
        """
        Bound all motion to a share of the velocity limits.

        A full action keeps its meaning; `Motion.executed` shows what the bound cut off.

        :param share: in (0, 1].
        """
        self._share = share
        period_s = self.config.control_period_s
        self._joints = [joint._replace(velocity=float(v) * share, most=float(v) * share * period_s)
                        for joint, v in zip(self._joints, self.limits.velocity, strict=True)]

    @property
    def _is_position(self) -> bool:
        return self.config.command_interface in ('position', 'trajectory')

    @property
    def needs_position(self) -> bool:
        """Whether commands depend on the measured joint positions, or on how they change."""
        return (self._is_position or bool(np.isfinite(self.limits.lower).any())
                or (self.config.command_interface == 'effort' and not self.limits.inputs))

    @property
    def ready(self) -> bool:
        """Whether all readings that a command needs are known."""
        return not self.needs_position or (self._position is not None and (
            self.config.command_interface != 'effort' or self._velocity is not None))

    def measure(self, position: Sequence[float], velocity: Sequence[float],
                at_s: float | Sequence[float]) -> None:
        """
        Take the measured joint state.

        A joint's speed is the larger of the reported one and that of its positions, since some
        drivers report none and others zeros (decision 0019).

        :param position: (J,) rad or m, as the driver tells it.
        :param velocity: (J,) rad/s or m/s, NaN where unknown; empty if none is reported.
        :param at_s: when it was measured, s on any one clock; (J,) where joints differ.
        :raises SpecError: wrong shape or not finite; the last good state stays.
        """
        told = list(velocity) or [math.nan] * self.size
        for name, values in (('velocity', told), ('position', position)):
            if len(values) != self.size:
                raise SpecError(f"'joint {name}': expected {self.size} numbers, got {len(values)}")
        if not math.isfinite(sum(position)):
            raise NonFiniteError(f"'joint position': not all finite: {list(position)}")
        if any(math.isinf(value) for value in told):
            raise NonFiniteError(f"'joint velocity': not all finite: {told}")
        self._position = self._unwrap(list(position))
        if self.config.command_interface == 'effort':
            times_s = [at_s] * self.size if isinstance(at_s, float | int) else at_s
            for slot, time_s in enumerate(times_s):
                self._differentiate(slot, self._position[slot], time_s)
            fastest = [max((v for v in pair if not math.isnan(v)), key=abs, default=math.nan)
                       for pair in zip(told, self._slope, strict=True)]
            self._velocity = None if any(map(math.isnan, fastest)) else fastest

    def _unwrap(self, position: list[float]) -> list[float]:
        before = self._position
        for slot in self._endless:
            told = position[slot]
            if before is not None:
                self._winding[slot] -= whole_turns(told + self._winding[slot] - before[slot])
            position[slot] = told + self._winding[slot]
        return position

    def _differentiate(self, slot: int, position: float, at_s: float) -> None:
        """Keep what the positions say of how fast a joint is, NaN while they say nothing."""
        anchor = self._anchors[slot]
        passed_s = at_s - anchor[0] if anchor is not None else -1.0
        if 0.0 <= passed_s < _SHORTEST_S:
            return
        longest_s = max(_LONGEST_S, 2.0 * self.config.control_period_s)
        known = anchor is not None and 0.0 <= passed_s <= longest_s
        self._slope[slot] = (position - anchor[1]) / passed_s if known and anchor else math.nan
        self._anchors[slot] = (at_s, position)

    def act(self, action: np.ndarray, now_s: float) -> Motion:
        """
        Turn an action into a command.

        :param action: (J,) clamped to [-1, 1].
        :param now_s: monotonic time, s; rations the motion.
        :raises SpecError: wrong length, not finite, or no joint state yet.
        """
        wanted = [min(max(a, -1.0), 1.0)
                  for a in check_array('action', action, (self.size,)).tolist()]
        if not self.ready:
            raise SpecError('no joint state yet: the motor gate cannot know where the arm is '
                            'and how fast')
        share = self._ration(now_s)
        if self._is_position:
            return self._act_position(wanted, share)
        if self.config.command_interface == 'velocity':
            return self._act_velocity(np.array(wanted))
        return self._act_effort(np.array(wanted))

    def towards(self, wanted: Sequence[float]) -> np.ndarray:
        """
        Return the action (J,) that leads from where the joints are towards a pose.

        :param wanted: (J,) rad or m, as the driver tells positions; limits are kept by `act`.
        :raises SpecError: efforts are commanded, or it is not known where the joints are.
        """
        if self.config.command_interface == 'effort' or self._position is None:
            raise SpecError('no action leads to a pose: expected commands of position, trajectory '
                            'or velocity, and joints with limits whose positions are known')
        return towards(wanted, self._position, [joint.full for joint in self._joints],
                       self._endless)

    def standstill(self) -> np.ndarray | None:
        """
        Return the command (J,) that stands still: the last target, zero velocity or zero effort.

        None while a position controller's joint state is unknown: there is nothing safe to send.
        """
        if not self._is_position:
            return np.zeros(self.size)
        if self._target is None and self._position is not None:
            self._target = np.clip(self._position, self._lower, self._upper).tolist()
        return None if self._target is None else self._as_told(self._target)

    def _as_told(self, target: list[float]) -> np.ndarray:
        """Return a target (J,) as the driver tells positions, near to what it told last."""
        return np.array(target) - self._winding if self._endless else np.array(target)

    def _ration(self, now_s: float) -> float:
        """Return the share of a full control period that may be moved now."""
        period = self.config.control_period_s
        if self._token_time_s is not None:
            elapsed = max(0.0, now_s - self._token_time_s)
            self._tokens_s = min(period, self._tokens_s + elapsed)
        self._token_time_s = now_s
        return self._tokens_s / period

    def _act_position(self, action: list[float], share: float) -> Motion:
        """
        Move the target to a step away from where the joints are.

        From the measured position, not from the last target: what happens next then depends on
        what is observed, with no hidden set-point for System A to guess. The change of the
        target stays within the velocity limit. In plain floats: for a handful of joints on a
        processor that has just woken up they take half as long as numpy.
        """
        self.standstill()   # where nothing was commanded yet, motion starts where the arm is
        assert self._position is not None
        assert self._target is not None
        self._following.measured(self._position)
        target, executed, used_s = [], [], 0.0
        for slot, (wanted, position, before, joint) in enumerate(zip(
                action, self._position, self._target, self._joints, strict=True)):
            most, aim = joint.most * share, position + wanted * joint.full
            lower, upper = min(joint.lower, before), max(joint.upper, before)
            if not self._following.follows[slot]:
                stops = self._stops[slot]
                down = up = max(reach(position, *stops), self._least[slot])
                if self._following.astray[slot]:
                    # Away from a stop may be towards it in commands: no margin is kept there.
                    lower, upper = stops
                    down, up = reach_astray(position, stops, joint.most,
                                            contrary=self._following.contrary[slot])
                aim = min(max(aim, position - down), position + up)
            goal = min(max(before + min(max(aim - before, -most), most), lower), upper)
            used_s = max(used_s, abs(goal - before) / joint.velocity)
            target.append(goal)
            executed.append(min(max((goal - position) / joint.full, -1.0), 1.0))
        self._tokens_s = max(0.0, self._tokens_s - used_s)
        self._following.asked(self._position, target)
        self._target = target
        return Motion(self._as_told(target), np.array(executed, np.float32))

    def _act_velocity(self, action: np.ndarray) -> Motion:
        full = self.limits.velocity * self.config.velocity_scale
        bound = self.limits.velocity * self._share
        command = np.clip(action * full, -bound, bound)
        if self.needs_position:
            assert self._position is not None
            period = self.config.look_ahead_s
            position = np.array(self._position)
            command = np.clip(command, np.minimum((self._lower - position) / period, 0.0),
                              np.maximum((self._upper - position) / period, 0.0))
        return Motion(command, (command / full).astype(np.float32))

    def _act_effort(self, action: np.ndarray) -> Motion:
        full = self.limits.effort * self.config.effort_scale
        command = action * full
        if self.needs_position:
            assert self._position is not None
            assert self._velocity is not None
            velocity = np.array(self._velocity)
            ahead = np.array(self._position) + velocity * self.config.look_ahead_s
            fast = np.abs(velocity) >= self.limits.velocity * min(
                self.config.velocity_scale, self._share)
            push_up = (ahead >= self._upper) | (fast & (velocity > 0))
            push_down = (ahead <= self._lower) | (fast & (velocity < 0))
            command = np.where(push_up, np.minimum(command, 0.0), command)
            command = np.where(push_down, np.maximum(command, 0.0), command)
        return Motion(command, (command / full).astype(np.float32))
