"""
The newest reading of every joint, from messages as drivers send them.

An arm and its gripper often publish separate messages on one `joint_states`, so the newest message
that names a joint counts for it. Some drivers leave stamps at zero, and the clock of a simulator
or of a bag may jump back. A continuous joint that a driver reports within one turn, from -pi to
pi, is unwrapped here (decision 0048).
"""

import enum
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from abm_ros.common.errors import NonFiniteError, SpecError

# A stamp further back than this means that the clock was set back. A smaller step back is a
# message that was overtaken by one of another publisher.
JUMP_S = 0.1
_JUMP_NS = round(JUMP_S * 1e9)
_MOST_SOURCES = 64


class JointSample(NamedTuple):
    """
    A joint state: names and values as they came; velocity and effort may be empty.

    A simulated body tags it with its episode and the step in it; a real robot does not.
    """

    stamp_ns: int
    names: tuple[str, ...]
    position: Sequence[float]
    velocity: Sequence[float] = ()
    episode: str = ''
    step: int = -1
    effort: Sequence[float] = ()


class News(enum.IntEnum):
    """
    What a joint state contained.

    `LEAD`: readings of the source with the most joints, which is the arm and not its gripper.
    """

    NONE = 0
    PART = 1
    LEAD = 2


class JointReadings:
    """
    Position, velocity and effort of each joint from the newest message that named it.

    The lists `position` (unwrapped), `velocity`, `effort` (NaN if not reported), `stamps_ns`,
    `came_s` (arrival) and `every_s` (time between the last two) are in the order of `joints`. Do
    not change them. `stamp_ns` is the stamp of the leading source, and `jumps` counts how often a
    clock was set back.
    """

    def __init__(self, joints: Sequence[str], continuous: Sequence[bool] = ()) -> None:
        """`continuous` tells for each joint whether it is unwrapped; empty unwraps none."""
        self.joints = tuple(joints)
        self._slots = {name: slot for slot, name in enumerate(self.joints)}
        self._continuous = {slot for slot, endless in enumerate(continuous) if endless}
        # For each order of names: the joints among them, and their places.
        self._sources: dict[tuple[str, ...], tuple[list[int], list[int]]] = {}
        self._lead, self._most = -1, 0
        self.jumps = 0
        self.forget()

    def forget(self) -> None:
        """Forget all readings."""
        count = len(self.joints)
        self.stamp_ns = -1
        self.stamps_ns = [-1] * count
        self.came_s = [-math.inf] * count
        self.every_s = [math.inf] * count
        self.position = [math.nan] * count
        self.velocity = [math.nan] * count
        self.effort = [math.nan] * count
        self._told = [math.nan] * count
        self._winding = [0.0] * count

    @property
    def oldest_s(self) -> float:
        """When the oldest of the readings came; -inf while a joint has none."""
        return min(self.came_s)

    def silent_since(self, time_s: float) -> tuple[str, ...]:
        """Return the joints without a reading since a time."""
        return tuple(name for name, came_s in zip(self.joints, self.came_s, strict=True)
                     if came_s < time_s)

    def take(self, sample: JointSample, came_s: float) -> News:
        """
        Take a joint state; one that names none of the joints has no effect.

        A clock that was set back by more than `JUMP_S` voids all earlier readings.

        :param came_s: arrival, s on any steady clock.
        :raises SpecError: it is malformed, or a position is not finite; the last reading stays.
        """
        names, position = sample.names, sample.position
        slots, columns = self._sources.get(names) or self._look_up(names)
        if not slots or not len(position):
            return News.NONE
        if len(position) != len(names):
            raise SpecError(f'joint_states names {len(names)} joints and carries '
                            f'{len(position)} values')
        stamp_ns = sample.stamp_ns
        back_ns = self.stamps_ns[slots[0]] - stamp_ns
        if back_ns > 0:
            if back_ns <= _JUMP_NS:
                return News.NONE
            self.forget()
            self.jumps += 1
        leads = self._lead in slots
        if leads:
            self.stamp_ns = stamp_ns
        told = [position[column] for column in columns]
        if not math.isfinite(sum(told)):
            raise NonFiniteError('joint_states holds NaN or infinity: the position of '
                                 + ', '.join(names[c] for c in columns
                                             if not math.isfinite(position[c])))
        self._keep(slots, told, stamp_ns, came_s)
        for kept, values in ((self.velocity, sample.velocity), (self.effort, sample.effort)):
            known = len(values) == len(names)
            for slot, column in zip(slots, columns, strict=True):
                kept[slot] = values[column] if known else math.nan
        return News.LEAD if leads else News.PART

    def _keep(self, slots: list[int], told: list[float], stamp_ns: int, came_s: float) -> None:
        for slot, value in zip(slots, told, strict=True):
            self.every_s[slot] = came_s - self.came_s[slot]
            self.stamps_ns[slot], self.came_s[slot] = stamp_ns, came_s
            if slot in self._continuous:
                self._winding[slot] -= whole_turns(value - self._told[slot])
                self._told[slot] = value
                value += self._winding[slot]
            self.position[slot] = value

    def _look_up(self, names: tuple[str, ...]) -> tuple[list[int], list[int]]:
        """Look up the joints among the names of a source, once; the largest source leads."""
        places = [(self._slots[name], column) for column, name in enumerate(names)
                  if name in self._slots]
        found = ([slot for slot, _ in places], [column for _, column in places])
        if len(places) > self._most:
            self._most, self._lead = len(places), found[0][0]
        if len(self._sources) >= _MOST_SOURCES:
            self._sources.clear()
        self._sources[names] = found
        return found


def whole_turns(angle: float) -> float:
    """Return the whole turns, rad, nearest to an angle; 0 for NaN."""
    return math.tau * round(angle / math.tau) if abs(angle) > math.pi else 0.0


def unwrapped(position: np.ndarray, continuous: Sequence[bool]) -> np.ndarray:
    """
    Return a path of joints without the jumps by whole turns of its continuous joints.

    :param position: (N, J) rad or m, as the driver reported them.
    :param continuous: (J,) whether a joint is continuous.
    :return: (N, J); the first row is unchanged.
    """
    path = np.array(position, float)
    endless = np.asarray(continuous, bool)
    path[:, endless] = np.unwrap(path[:, endless], axis=0)
    return path


def near_side(difference: np.ndarray, continuous: Sequence[bool]) -> np.ndarray:
    """
    Return differences of joint positions, those of continuous joints the shorter way round.

    :param difference: (..., J) rad or m.
    :param continuous: (J,) whether a joint is continuous.
    """
    turns = np.where(np.asarray(continuous, bool), np.round(difference / math.tau), 0.0)
    return np.asarray(difference - math.tau * turns)
