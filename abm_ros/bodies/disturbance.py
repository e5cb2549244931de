"""Changes of a body's physics and sensors at run time, and the joint drives."""

from dataclasses import dataclass, field, fields, replace

import numpy as np

from abm_ros.common.errors import BodyError
from abm_ros.robot.description import JointLimits

_AT_LEAST = {'payload_kg': 0.0, 'tolerance': 1e-9, 'friction': 0.0, 'obstacle_m': 0.0,
             'drain': 0.0}


@dataclass
class Disturbance:
    """
    Differences of the body from its description: make one by `neutral`, edit it, set it.

    A gain multiplies the *motion* that a command asks of a joint: 0.5 moves it half as far, -1 the
    other way, 0 not at all. A bias is added only to the joint's reading. Only some bodies can do
    all of it: `Body` tells which by its `disturbances`.
    """

    gain: np.ndarray                                # (A,) of each actuator
    bias: np.ndarray                                # (J,) of each joint's reading, rad or m
    payload_kg: float = 0.0                         # point mass at the tool's centre of mass
    camera_offset_m: np.ndarray = field(default_factory=lambda: np.zeros(3))
    tool_m: float = 0.0                             # by which the tool is longer, along its z axis
    damping: np.ndarray = field(default_factory=lambda: np.zeros(0))   # (A,) added, Nm s/rad
    goal_m: np.ndarray = field(default_factory=lambda: np.zeros(3))    # by which goals are moved
    tolerance: float = 1.0                          # factor of the goal's tolerance
    friction: float = 1.0                           # factor of the object's friction
    obstacle_m: float = 0.0                         # height of a post that stands near the tool
    drain: float = 1.0                              # factor by which the battery empties faster

    @classmethod
    def neutral(cls, joints: int) -> 'Disturbance':
        """Return a disturbance that changes nothing, for this number of joints."""
        return cls(np.ones(joints), np.zeros(joints), damping=np.zeros(joints))

    def same(self, other: 'Disturbance') -> bool:
        """Tell whether another disturbance is the same."""
        return all(np.array_equal(getattr(self, f.name), getattr(other, f.name))
                   for f in fields(self))

    def checked(self, joints: int) -> 'Disturbance':
        """
        Return a copy with float64 arrays.

        :raises BodyError: wrong shape, not finite, or less than the least.
        """
        copy = replace(
            self, gain=_vector('gain', self.gain, joints), bias=_vector('bias', self.bias, joints),
            camera_offset_m=_vector('camera_offset_m', self.camera_offset_m, 3),
            damping=_vector('damping', self.damping if self.damping.size else np.zeros(joints),
                            joints),
            goal_m=_vector('goal_m', self.goal_m, 3),
            **{name: float(getattr(self, name)) for name in ('tool_m', *_AT_LEAST)})
        if not np.isfinite(copy.tool_m) or (copy.damping < 0.0).any():
            raise BodyError('disturbance: expected a damping of at least 0 and a finite tool_m, '
                            f'got {copy.damping} and {copy.tool_m}')
        for name, least in _AT_LEAST.items():
            if not least <= getattr(copy, name) < np.inf:
                raise BodyError(f'disturbance {name}: expected a finite number of at least '
                                f'{least:g}, got {getattr(copy, name)}')
        return copy


class JointDrive:
    """
    The joint drives between the command and the motors.

    A position drive is incremental: a joint of gain g moves its target by g times the change of
    the command, and a joint of gain 1 follows the command itself. So a constant command keeps the
    joint still at any gain, where g * command would jump and run away.
    """

    def __init__(self, interface: str, limits: JointLimits, start: np.ndarray) -> None:
        """
        Make the drives of an arm at rest.

        :param interface: 'position', 'velocity' or 'effort'.
        :param limits: of the commanded joints.
        :param start: (A,) positions, rad or m.
        """
        self._interface = interface
        self._limits = limits
        self._target = start.copy()
        self._last = start.copy() if interface == 'position' else np.zeros(len(start))

    def apply(self, command: np.ndarray, gain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """
        Turn a command into the command of the motors.

        :param command: (A,) position, velocity or effort.
        :param gain: (A,) of each actuator.
        :return: (A,) within the limits, and (A,) the change of the command, or the command
            itself for a velocity interface (both zero when the command holds still).
        """
        change = command if self._interface == 'velocity' else command - self._last
        self._last = command.copy()
        limits = self._limits
        if self._interface == 'velocity':
            return np.clip(gain * command, -limits.velocity, limits.velocity), change
        if self._interface == 'effort':
            return np.clip(gain * command, -limits.effort, limits.effort), change
        target = np.where(gain == 1.0, command, self._target + gain * change)
        self._target = np.clip(target, limits.lower, limits.upper)
        return self._target.copy(), change


def _vector(name: str, value: np.ndarray, size: int) -> np.ndarray:
    array = np.array(value, np.float64)
    if array.shape != (size,) or not np.isfinite(array).all():
        raise BodyError(f'disturbance {name}: expected {size} finite numbers, got {value!r}')
    return array
