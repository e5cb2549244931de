"""
Demonstrations of a teacher: from a joint trajectory to what the robot would observe in it.

A trajectory is sampled at the control period, and observations are made by the robot's own
kinematics, so that its steps look like lived ones. What no robot of these limits could do is
refused in a line: a teacher is not obeyed beyond the limits that bind the motor guard.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from abm_ros.common.errors import SpecError
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Observation
from abm_ros.robot.description import JointLimits
from abm_ros.robot.layout import POSITION, TOOL, VELOCITY, FusionLayout

_NAME = re.compile(r'[A-Za-z]\w{0,62}', re.ASCII)
_MOST_STEPS = 20_000
# Of the width of a joint's range, and of its speed: what rounding and sampling may add.
_ROUNDING, _FASTER = 1e-3, 1.05

ToolOf = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Demonstration:
    """
    A joint trajectory that a teacher showed.

    The goal is its outcome: what is achieved at its end.
    """

    teacher: str
    joints: tuple[str, ...]
    times_s: np.ndarray                # (N,), rising
    position: np.ndarray               # (N, J) rad or m


def check_teacher(name: str) -> str:
    """
    Return the name of a teacher.

    :raises SpecError: it is none.
    """
    if not _NAME.fullmatch(name):
        raise SpecError(f'teacher: expected a name of letters, digits and _ that begins with a '
                        f'letter, at most 63, got {name[:80]!r}')
    return name


class Demonstrator:
    """Makes observations of demonstrations for one robot."""

    def __init__(self, layout: FusionLayout, limits: JointLimits, tool_of: ToolOf | None) -> None:
        """
        Take what is known of the robot.

        :param limits: that no demonstration may leave, as the motor guard keeps them.
        :param tool_of: the tool's position (3,) from joint positions (J,); None if unknown.
        """
        self._layout, self._limits, self._tool_of = layout, limits, tool_of
        self._retargeting = Retargeting(limits, tool_of) if tool_of is not None else None

    @property
    def spec(self) -> ObservationSpec:
        """The layout of the observations."""
        return self._layout.spec

    def observations(self, shown: Demonstration, number: int) -> list[Observation]:
        """
        Return what the robot would observe, one per control period; the last ends it.

        :param number: of the demonstration, which becomes that of its episode.
        :raises SpecError: why it is refused, in a line.
        """
        check_teacher(shown.teacher)
        position = self._sampled(shown)
        period_s = self.spec.control_period_s
        # That of the step which led there, as joint states tell it.
        velocity = np.diff(position, axis=0, prepend=position[:1]) / period_s
        self._check(shown.teacher, position, velocity)
        rows = self._rows(position, velocity)
        achieved, told = rows[:, self.spec.goal_slice], self.spec.told
        there = self.spec.reached(achieved, achieved[-1], 0.5)
        return [Observation(
            1 + round(n * period_s * 1e9), rows[n], achieved[-1], number, n, whole=True,
            success=bool(there[n]) if told else None, teacher=shown.teacher,
            last=n == len(rows) - 1) for n in range(len(rows))]

    def retargeted(self, peer: str, times_s: np.ndarray, tool: np.ndarray) -> Demonstration:
        """
        Return what the own joints would do where a peer's tool went.

        :param tool: (N, 3) m, in the base frame of this robot.
        :raises SpecError: out of reach, or the own tool is not known.
        """
        if self._retargeting is None:
            raise SpecError(f'what {peer} did cannot be mapped to this robot, whose tool is not '
                            'known: it observes no tool position, or pinocchio is missing')
        if tool.shape != (len(times_s), 3) or not np.isfinite(tool).all():
            raise SpecError(f'what {peer} did: expected finite positions (N, 3) of the tool, got '
                            f'{tool.shape}')
        return Demonstration(peer, self._limits.joints, times_s, self._retargeting.joints(tool))

    def _sampled(self, shown: Demonstration) -> np.ndarray:
        """Return the positions (T, J) of the robot's joints at the control period."""
        times, given, joints = shown.times_s, shown.position, self._limits.joints
        who = f'demonstration of {shown.teacher}'
        if given.shape != (len(times), len(shown.joints)) or len(times) < 2:
            raise SpecError(f'{who}: expected at least 2 points of {len(shown.joints)} joints, '
                            f'got {given.shape}')
        if not (np.isfinite(times).all() and np.isfinite(given).all()):
            raise SpecError(f'{who}: a time or a position is not finite')
        if not (np.diff(times) > 0).all():
            raise SpecError(f'{who}: times must rise from point to point')
        if missing := [name for name in joints if name not in shown.joints]:
            raise SpecError(f'{who} lacks {", ".join(missing)}; expected positions of '
                            f'{", ".join(joints)}')
        period_s, last_s = self.spec.control_period_s, float(times[-1] - times[0])
        steps = math.ceil(last_s / period_s - 1e-9) + 1
        if not 2 <= steps <= _MOST_STEPS:
            raise SpecError(f'{who}: it lasts {last_s:.3g} s, expected {period_s:g} to '
                            f'{_MOST_STEPS * period_s:g} s')
        ticks = times[0] + np.arange(steps) * period_s
        return np.stack([np.interp(ticks, times, given[:, shown.joints.index(name)])
                         for name in joints], axis=1)

    def _check(self, teacher: str, position: np.ndarray, velocity: np.ndarray) -> None:
        """Refuse what leaves the limits."""
        limits = self._limits
        slack = _ROUNDING * np.where(np.isfinite(limits.upper), limits.upper - limits.lower, 0.0)
        outside = (position < limits.lower - slack) | (position > limits.upper + slack)
        if outside.any():
            step, joint = np.argwhere(outside)[0]
            raise SpecError(
                f'demonstration of {teacher} is unsafe: {limits.joints[joint]} at '
                f'{position[step, joint]:.3f}, its limits are {limits.lower[joint]:.3f} to '
                f'{limits.upper[joint]:.3f}')
        fast = np.abs(velocity) > _FASTER * limits.velocity
        if fast.any():
            step, joint = np.argwhere(fast)[0]
            raise SpecError(
                f'demonstration of {teacher} is unsafe: {limits.joints[joint]} moves at '
                f'{abs(velocity[step, joint]):.2f} per s, its limit is '
                f'{limits.velocity[joint]:.2f}')

    def _rows(self, position: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Return the observations (T, D) float32."""
        columns: list[np.ndarray] = []
        for item in self.spec.fields:
            if item.name == POSITION:
                columns.append(position)
            elif item.name == VELOCITY:
                columns.append(velocity)
            elif item.name == TOOL and self._tool_of is not None:
                columns.append(np.array([self._tool_of(row) for row in position]))
            else:
                raise SpecError(f'the robot observes {item.name}, which a joint trajectory does '
                                'not show: teach it from a file of observations')
        return np.concatenate(columns, axis=1).astype(np.float32)


class Retargeting:
    """
    Maps what a peer's tool did to this robot's own joints, by inverse kinematics.

    Damped least squares on the tool's position, each point from the one before, so that the
    joints move as little as they must. Source: Nakamura & Hanafusa 1986.
    """

    def __init__(self, limits: JointLimits, tool_of: ToolOf) -> None:
        self._limits, self._tool_of = limits, tool_of
        ends = np.isfinite(limits.upper) & np.isfinite(limits.lower)
        self._rest = np.zeros(len(limits.joints))     # the middle of each joint's range
        self._rest[ends] = 0.5 * (limits.lower + limits.upper)[ends]

    def joints(self, tool: np.ndarray, start: np.ndarray | None = None,
               within_m: float = 0.01) -> np.ndarray:
        """
        Return joint positions (N, J) whose tool is at points (N, 3).

        :param start: joint positions (J,) to begin from; None begins at rest.
        :raises SpecError: a point is out of reach.
        """
        joints, rows = np.array(self._rest if start is None else start, float), []
        for point in tool:
            joints = self._solve(joints, point)
            if (gap := float(np.linalg.norm(self._tool_of(joints) - point))) > within_m:
                raise SpecError(f'the peer was at {np.round(point, 3).tolist()}, which this arm '
                                f'misses by {gap:.3f} m')
            rows.append(joints)
        return np.array(rows)

    def _solve(self, joints: np.ndarray, point: np.ndarray) -> np.ndarray:
        limits, size = self._limits, len(joints)
        for _ in range(100):
            here = self._tool_of(joints)
            gap = point - here
            if np.linalg.norm(gap) < 1e-4:
                break
            slope = np.stack([(self._tool_of(joints + 1e-5 * one) - here) / 1e-5
                              for one in np.eye(size)], axis=1)                     # (3, J)
            step = slope.T @ np.linalg.solve(slope @ slope.T + 1e-4 * np.eye(3), gap)
            joints = np.clip(joints + np.clip(step, -0.3, 0.3), limits.lower, limits.upper)
        return joints
