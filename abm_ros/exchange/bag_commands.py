"""Recorded commands, and where they ask an arm to be at a given time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from abm_ros.robot.joint_readings import unwrapped

# A trajectory may be stamped to begin later; a stamp further off belongs to another clock.
_LEAD_S = 10.0
# The fields of a trajectory's points, by the controller's interface.
_POINTS = {'position': 'positions', 'velocity': 'velocities', 'effort': 'effort'}


@dataclass(frozen=True)
class Plan:
    """
    Points (P, J) of one command, at times (P,) in s after its beginning; an immediate one has 0.

    `slopes` (P, J) are the velocities at the points, nan if unknown.
    """

    stamp_ns: int                          # time of arrival
    begin_ns: int
    times: np.ndarray
    points: np.ndarray
    slopes: np.ndarray

    def due(self, at_ns: int) -> np.ndarray:
        """Return the point (J,) that is due; the first one before it, the last one after it."""
        return interpolated(self.times, self.points, self.slopes, (at_ns - self.begin_ns) * 1e-9)

    def led_from(self, position: np.ndarray, velocity: np.ndarray,
                 continuous: Sequence[bool]) -> 'Plan':
        """
        Return the plan with the arm's position at its beginning as the first point.

        :param position: (J,) rad or m, velocity likewise.
        :param continuous: (J,) whether a joint is continuous.
        """
        times, points, slopes = self.times, self.points, self.slopes
        if times[0] > 0.0:
            times = np.concatenate([[0.0], times])
            points = np.concatenate([position[None], points])
            slopes = np.concatenate([velocity[None], slopes])
        return Plan(self.stamp_ns, self.begin_ns, times, unwrapped(points, continuous), slopes)


def interpolated(times: np.ndarray, points: np.ndarray, slopes: np.ndarray, at_s: float
                 ) -> np.ndarray:
    """
    Return the point (J,) at a time, as ROS 2's joint_trajectory_controller does.

    It is a cubic between points with slopes, else a line.

    :param times: (P,) s, not falling.
    :param points: (P, J).
    :param slopes: (P, J), nan if unknown.
    """
    place = int(np.searchsorted(times, at_s, 'right'))
    if place in (0, len(times)):
        return np.array(points[0 if place == 0 else -1])
    span = times[place] - times[place - 1]
    share = (at_s - times[place - 1]) / span
    before, after = points[place - 1], points[place]
    line = before + share * (after - before)
    bend = share * (1 - share) * ((1 - share) * (slopes[place - 1] * span - (after - before))
                                  - share * (slopes[place] * span - (after - before)))
    return np.where(np.isnan(bend), line, line + bend)


def plan_of(log_ns: int, message: Any, joints: Sequence[str], interface: str) -> Plan | None:
    """
    Return the plan of a command; None if it lacks a number for some joint.

    :param interface: 'position', 'velocity' or 'effort': which field of a trajectory counts.
    """
    if not hasattr(message, 'points'):
        if len(message.data) != len(joints):
            return None
        return Plan(log_ns, log_ns, np.zeros(1), np.array([message.data], float),
                    np.full((1, len(joints)), np.nan))
    names = list(message.joint_names)
    if not message.points or not set(joints) <= set(names):
        return None
    order = [names.index(joint) for joint in joints]
    points = _numbers(message, _POINTS[interface], order)
    if np.isnan(points).any():
        return None
    slopes = (_numbers(message, 'velocities', order) if interface == 'position'
              else np.full_like(points, np.nan))
    stamp = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
    times = [p.time_from_start.sec + p.time_from_start.nanosec * 1e-9 for p in message.points]
    begin = stamp if abs(stamp - log_ns) < _LEAD_S * 1e9 else log_ns
    return Plan(log_ns, begin, np.maximum.accumulate(times), points, slopes)


def _numbers(message: Any, kind: str, order: Sequence[int]) -> np.ndarray:
    """Return one field (P, J) of a trajectory's points; nan where it is missing."""
    rows = [list(getattr(point, kind)) for point in message.points]
    return np.array([[row[i] if i < len(row) else np.nan for i in order] for row in rows], float)


def why_none(messages: Sequence[Any], joints: Sequence[str], interface: str) -> str:
    """Return why no command has a number for each of the joints."""
    first = messages[0]
    if not hasattr(first, 'points'):
        return (f'no command has a number for each of {", ".join(joints)}, the first has '
                f'{len(first.data)}; name the joints of the controller in its order')
    if missing := [joint for joint in joints if joint not in first.joint_names]:
        return (f'no trajectory is for {", ".join(missing)}, expected joints among '
                f'{", ".join(first.joint_names)}')
    kinds = [name for name, kind in _POINTS.items()
             if any(len(getattr(point, kind)) for m in messages for point in m.points)]
    if not kinds:
        return 'the trajectories have no points'
    return (f"the trajectories' points have no {_POINTS[interface]}, only "
            f'{" and ".join(_POINTS[kind] for kind in kinds)}; give --interface {kinds[0]}')
