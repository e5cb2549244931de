"""
Sensor fusion: asynchronous body readings become one observation stream.

Each control period gives one observation, from a state of the arm and the newest other readings.
Joints are mapped by name, continuous joints are unwrapped, missing velocities are estimated, and a
missing tool pose is computed by kinematics. An observation waits, for a limited time, for the
readings that belong to its stamp.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from abm_ros.common.errors import SpecError
from abm_ros.common.spec import all_finite
from abm_ros.common.transition import Observation
from abm_ros.robot.images import scaled
from abm_ros.robot.joint_readings import (
    JUMP_S,
    JointReadings,
    JointSample,
    News,
    whole_turns,
)
from abm_ros.robot.layout import GOAL, POSITION, TOOL, VELOCITY, FusionLayout
from abm_ros.robot.outcomes import NOTHING, Outcomes, Told, in_channels
from abm_ros.robot.pace import Pace

ToolOf = Callable[[np.ndarray], np.ndarray]
_JUMP_NS = round(JUMP_S * 1e9)
# A longer silence of the arm, or of so many periods, ends an episode, since steps are missing.
_GAP_S = 1.0
_GAP_PERIODS = 3


@dataclass(frozen=True)
class _Pending:
    """A due observation: its stamp, the arrival of its joint state, and what a body tells."""

    stamp_ns: int
    came_s: float
    episode: str
    step: int
    told: Told


class SensorFusion:
    """
    Turns readings into observations, counting episodes and steps.

    A simulated body says when an episode begins. Otherwise one begins with a new goal, after the
    horizon, after a silence, or when the clock of the joint states was set back. The position of a
    continuous joint starts an episode within half a turn of 0 and continues from there.
    """

    def __init__(self, layout: FusionLayout, tool_of: ToolOf | None,
                 *, patience_s: float = 0.0, joint_timeout_s: float = 0.5,
                 success_hold_s: float = 0.2) -> None:
        """
        Start without readings.

        :param tool_of: computes the tool position (3,) from joint positions (J,), or is None.
        :param patience_s: longest wait for readings that belong to an observation.
        :param joint_timeout_s: oldest reading that counts, or two of its periods if longer.
        :param success_hold_s: how long what was told of success holds, by the stamps.
        """
        self.layout = layout
        self._tool_of = tool_of
        self._patience_s = patience_s
        self._timeout_s = max(joint_timeout_s, 2.0 * layout.spec.control_period_s)
        wanted = layout.wanted(joints=tool_of is not None)
        every = tuple(dict.fromkeys(name for group in wanted.values() for name in group))
        endless = {name for name, turns in zip(layout.joints, layout.continuous, strict=True)
                   if turns and name in wanted.get(POSITION, ())}
        self.readings = JointReadings(every, [name in endless for name in every])
        self._slots = {field: [every.index(name) for name in group]
                       for field, group in wanted.items()}
        self._endless = [slot for slot, name in enumerate(every) if name in endless]
        self._turns = [0.0] * len(every)    # whole turns subtracted in this episode
        self._numbers = [part.name for part in layout.spec.fields if not part.is_image]
        self._pace = Pace(layout.spec.control_period_s)
        self._outcomes = Outcomes(success_hold_s)
        self._tool: tuple[int, list[float]] | None = None
        self._image: tuple[int, np.ndarray] | None = None
        self._goal: tuple[int, np.ndarray] | None = None
        self._stay: np.ndarray | None = None
        self._previous: dict[int, tuple[int, float, float]] = {}
        self._pending: _Pending | None = None
        self._last_ns = -1
        self._begins_anew = False
        self._episode, self._step, self._tag = 0, -1, ''
        self._episode_goal_ns = -1
        self._whole = False

    @property
    def waits_for_tool(self) -> bool:
        """Whether an observation needs a published tool position."""
        return self.layout.needs_tool and self._tool_of is None

    @property
    def waiting(self) -> bool:
        """Whether an observation is due and waits for its other readings."""
        return self._pending is not None

    def tool(self, stamp_ns: int, position: np.ndarray) -> Observation | None:
        """Take a tool position (3,) m; may release the observation that waited for it."""
        self._tool = (stamp_ns, _finite('tool_pose', np.asarray(position, float)).tolist())
        return self._release()

    @property
    def image_size(self) -> int:
        """Width and height of the image that belongs to an observation, 0 for none."""
        images = self.layout.spec.images
        return images[0].shape[-1] if images else 0

    def image(self, stamp_ns: int, pixels: np.ndarray) -> Observation | None:
        """
        Take a camera image (H, W, 3) uint8; may release the observation that waited for it.

        :raises SpecError: it is no such image.
        """
        self._image = (stamp_ns, scaled(pixels, self.image_size))
        return self._release()

    def goal(self, stamp_ns: int, goal: np.ndarray) -> Observation | None:
        """
        Take a desired goal (G,); may release the observation that waited for it.

        :param stamp_ns: distinguishes it from an earlier goal at the same place.
        """
        self._goal = (stamp_ns, _finite('task/goal', np.asarray(goal, float)))
        return self._release()

    def success(self, reached: bool) -> None:
        """Take what the task tells of success."""
        self._outcomes.success(reached, self._last_ns * 1e-9)

    def reward(self, value: float) -> None:
        """Take a reward that the task tells; raises NonFiniteError."""
        self._outcomes.reward(value)

    def joints(self, sample: JointSample, came_s: float | None = None) -> Observation | None:
        """
        Take a joint state; return the observation once all its readings are there.

        :param came_s: arrival, s on any steady clock; None takes its stamp.
        :raises SpecError: it is malformed, or values are not finite.
        """
        readings = self.readings
        came_s = sample.stamp_ns * 1e-9 if came_s is None else came_s
        jumps = readings.jumps
        news = readings.take(sample, came_s)
        if readings.jumps != jumps:
            self._clock_was_set_back(sample.stamp_ns)
        if news is News.LEAD and self._pace.is_due(readings.stamp_ns):
            told = in_channels(sample.names, sample.position) if sample.episode else NOTHING
            self._pending = _Pending(readings.stamp_ns, came_s, sample.episode, sample.step, told)
        return self._release() if news else None

    def give_up_waiting(self) -> Observation | None:
        """
        Return the waiting observation with the newest readings.

        None if a joint was never read, or not for too long; see `silent`.
        """
        return self._release(patient=False)

    def silent(self, now_s: float) -> tuple[str, ...]:
        """Return the needed readings that never came, or not for too long."""
        return self.readings.silent_since(now_s - self._timeout_s)

    def _clock_was_set_back(self, stamp_ns: int) -> None:
        self._begins_anew, self._pending, self._last_ns = True, None, -1
        self._previous.clear()
        if self._tool is not None and self._tool[0] > stamp_ns + _JUMP_NS:
            self._tool = None
        if self._image is not None and self._image[0] > stamp_ns + _JUMP_NS:
            self._image = None
        if self._goal is not None and self._goal[0] > stamp_ns + _JUMP_NS:
            self._goal = (-1, self._goal[1])     # it stays pending, older than what follows

    def _release(self, *, patient: bool = True) -> Observation | None:
        due = self._pending
        if due is None:
            return None
        silent = self.readings.oldest_s < due.came_s - self._timeout_s
        if silent or (patient and self._must_wait(due)):
            return None
        begins = self._begins(due)
        vector = self._vector(begins)
        if vector is None:
            return None
        goal = self._goal_for(vector, begins)
        self._pending, self._last_ns = None, due.stamp_ns
        self._pace.take(due.stamp_ns)
        success, reward = self._told(due, begins)
        self._count(due, begins)
        return Observation(due.stamp_ns, vector, goal, self._episode, self._step, self._whole,
                           success, reward)

    def _told(self, due: _Pending, begins: bool) -> Told:
        """Return what the task told; the body itself knows best."""
        success, reward = self._outcomes.told(due.stamp_ns * 1e-9, begins=begins)
        if due.told[0] is not None:
            success = due.told[0]
        elif success is None and self.layout.spec.told:
            success = False
        return success, due.told[1] if math.isfinite(due.told[1]) else reward

    def _must_wait(self, due: _Pending) -> bool:
        layout = self.layout
        late_tool = self.waits_for_tool and (
            self._tool is None or self._tool[0] < due.stamp_ns)
        begins = due.step == 0 and (due.episode != self._tag or self._begins_anew)
        late_goal = (not layout.goal_channels and (begins or self._goal is None)
                     and due.episode != ''
                     and (self._goal is None or self._goal[0] < due.stamp_ns))
        late_image = bool(layout.spec.images) and (
            self._image is None or self._image[0] < due.stamp_ns)
        return late_tool or late_goal or late_image or self._joints_are_under_way(due)

    def _joints_are_under_way(self, due: _Pending) -> bool:
        """Tell whether a joint was read in the last period and its next reading is due."""
        readings = self.readings
        old_s = due.came_s - 0.5 * self.layout.spec.control_period_s
        if readings.oldest_s >= old_s:
            return False
        soon_s = due.came_s + self._patience_s
        return any(came_s < old_s and came_s + every_s <= soon_s
                   for came_s, every_s in zip(readings.came_s, readings.every_s, strict=True))

    def _goal_for(self, vector: np.ndarray, begins: bool) -> np.ndarray:
        if self.layout.goal_channels:
            position = self.readings.position
            return _finite('joint_states', np.array(
                [position[slot] for slot in self._slots[GOAL]], np.float32))
        if self._goal is None:
            # Without a goal, the goal is to stay where the episode began (decision 0027).
            if self._stay is None or begins:
                self._stay = vector[self.layout.spec.goal_slice].copy()
            return self._stay
        size = self.layout.spec.goal_size
        if self._goal[1].size < size:
            raise SpecError(f'task/goal carries {self._goal[1].size} numbers, the goal has {size}')
        return self._goal[1][:size].astype(np.float32)

    def _vector(self, begins: bool) -> np.ndarray | None:
        """Return the observation (D,) float32, None while the tool's position is unknown."""
        position = self._position(begins)
        values: list[float] = []
        for name in self._numbers:
            if name == VELOCITY:
                values += self._velocity()
            elif name != TOOL:
                values += [position[slot] for slot in self._slots[name]]
            elif self._tool_of is not None:
                joints = np.array([position[slot] for slot in self._slots[POSITION]])
                values += self._tool_of(_finite('joint_states', joints)).tolist()
            elif self._tool is not None:
                values += self._tool[1]
            else:
                return None
        vector = _finite('joint_states', np.array(values, np.float32))
        if self.layout.spec.images:
            if self._image is None:
                return None
            vector = np.concatenate([vector, self._image[1]])
        return vector

    def _position(self, begins: bool) -> list[float]:
        """Return all positions, less the whole turns before this episode."""
        position = self.readings.position
        if not self._endless:
            return position
        if begins or self._step < 0:
            for slot in self._endless:
                self._turns[slot] = whole_turns(position[slot])
        return [value - turns for value, turns in zip(position, self._turns, strict=True)]

    def _velocity(self) -> list[float]:
        """Return the joints' velocities (J,): reported, else from differences of positions."""
        readings, velocities = self.readings, []
        for slot in self._slots[POSITION]:
            told = readings.velocity[slot]
            # Drivers without a velocity sensor leave it out, or fill it with NaN.
            velocity = told if math.isfinite(told) else self._difference(slot)
            self._previous[slot] = readings.stamps_ns[slot], readings.position[slot], velocity
            velocities.append(velocity)
        return velocities

    def _difference(self, slot: int) -> float:
        before_ns, before, velocity = self._previous.get(slot, (math.inf, 0.0, 0.0))
        passed_ns = self.readings.stamps_ns[slot] - before_ns
        # A joint without a new reading keeps its velocity.
        return (self.readings.position[slot] - before) / (passed_ns * 1e-9) if (
            passed_ns > 0) else velocity

    def _begins(self, due: _Pending) -> bool:
        """Tell whether an episode begins: a body's reset, a new goal, the time limit, a gap."""
        if due.episode:
            return due.episode != self._tag or self._begins_anew
        spec = self.layout.spec
        gap_s = max(_GAP_S, _GAP_PERIODS * spec.control_period_s)
        return (self._begins_anew or self._goal_ns != self._episode_goal_ns
                or self._step + 1 > spec.horizon
                or 0 <= self._last_ns < due.stamp_ns - gap_s * 1e9)

    @property
    def _goal_ns(self) -> int:
        return self._goal[0] if self._goal is not None else -1

    def _count(self, due: _Pending, begins: bool) -> None:
        if begins and self._step >= 0:
            self._episode += 1
        if begins or self._step < 0:
            self._whole = due.step == 0 if due.episode else self._step >= 0
        self._step = 0 if begins else self._step + 1
        self._tag, self._episode_goal_ns = due.episode, self._goal_ns
        self._begins_anew = False


def _finite(name: str, value: np.ndarray) -> np.ndarray:
    if not all_finite(value):
        raise SpecError(f'{name} holds NaN or infinity')
    return value
