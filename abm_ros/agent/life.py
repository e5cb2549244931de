"""
A body and an agent in one process, in lock-step: what the graph does, without the graph.

The same fusion, the same motor guard and the same agent as in the nodes; used by evolution,
benchmarks and the parity test.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from abm_ros.bodies.types import Body, BodyState
from abm_ros.common.errors import BodyError
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Observation
from abm_ros.robot.description import read_body_tag, read_limits
from abm_ros.robot.fusion import SensorFusion
from abm_ros.robot.joint_readings import JointSample
from abm_ros.robot.layout import layout_for
from abm_ros.robot.motor_guard import Motion, MotorConfig, MotorGuard
from abm_ros.robot.outcomes import REWARD_CHANNEL, SUCCESS_CHANNEL

_NANOSECONDS = 1_000_000_000
OBJECT_CHANNELS = tuple(f'object_position.{i}' for i in range(3))
# How far the goal is, and how far it is wanted to be: the goal of a task that tells no place.
DISTANCE_CHANNELS = ('goal_distance.0', 'desired_goal.0')


class Acting(Protocol):
    """What lives in a body: `agent.agent.Agent`, or one that only acts."""

    def act(self, observation: Observation) -> np.ndarray:
        """Return the action (A,) float32 in [-1, 1] for an observation."""

    def executed(self, stamp_ns: int, action: np.ndarray) -> None:
        """Take the action (A,) that the motor guard let through."""


@dataclass(frozen=True)
class LivedStep:
    """What happened in one control step."""

    observation: Observation
    action: np.ndarray        # (A,) float32, as B wanted it
    executed: np.ndarray      # (A,) float32, as the motor guard let it through
    command: np.ndarray       # (A,) float64
    success: bool


def stamp_ns_of(steps: int, control_period_s: float) -> int:
    """Return simulated time: it starts at 1 s, since a stamp of 0 means "unknown" to many."""
    return _NANOSECONDS + round(steps * control_period_s * _NANOSECONDS)


def channels_of(state: BodyState) -> tuple[tuple[str, ...], np.ndarray, np.ndarray, np.ndarray]:
    """
    Return the names, positions, velocities and efforts of a joint state.

    An object, a distance and what the task tells of the step are beside the joints, as channels of
    their own: there is no standard topic for them that has a stamp. Velocities and efforts are
    empty where the body has none.
    """
    none = np.empty(0)
    velocity = none if state.velocity is None else state.velocity
    effort = none if state.effort is None else state.effort
    names: tuple[str, ...] = ()
    values: list[float] = []
    if state.object_position is not None:
        names, values = OBJECT_CHANNELS, state.object_position.tolist()
    if state.goal_distance is not None:
        names, values = names + DISTANCE_CHANNELS, [*values, state.goal_distance, 0.0]
    for name, told in ((SUCCESS_CHANNEL, state.told), (REWARD_CHANNEL, state.reward)):
        if told is not None:
            names, values = (*names, name), [*values, float(told)]
    if not names:
        return state.channels, state.position, velocity, effort
    still = np.zeros(len(names))
    return (state.channels + names, np.concatenate([state.position, values]),
            np.concatenate([velocity, still]) if velocity.size else none,
            np.concatenate([effort, still]) if effort.size else none)


class Life:
    """Steps a body with an agent."""

    def __init__(self, body: Body, motor: MotorConfig, *, told: bool = False) -> None:
        """:param told: only what the body tells is success; see `ObservationSpec`."""
        self._body = body
        text = body.description()
        limits = read_limits(text, body.command_joints, motor.command_interface)
        self._layout = layout_for(
            limits, read_body_tag(text), goal_tolerance=body.goal_tolerance,
            horizon=body.horizon, control_period_s=body.control_period_s, told=told)
        self._fusion = SensorFusion(self._layout, None)
        self._guard = MotorGuard(motor, limits)
        self._goal_episode = -1
        self._state = body.state()
        self.spec: ObservationSpec = self._layout.spec
        self.limits = limits     # as described; the guard may keep tighter ones
        self.steps = 0

    def live(self, agent: Acting) -> Iterator[LivedStep]:
        """Yield one step after another, for ever."""
        while True:
            observation = self.sense()
            action = agent.act(observation)
            motion = self.move(action)
            agent.executed(observation.stamp_ns, motion.executed)
            yield LivedStep(observation, action, motion.executed, motion.command,
                            self.state.success)
            self.step(motion.command)

    @property
    def state(self) -> BodyState:
        """The present state of the body."""
        return self._state

    @property
    def now_s(self) -> float:
        """Simulated time, s."""
        return stamp_ns_of(self.steps, self._body.control_period_s) * 1e-9

    def sense(self) -> Observation:
        """Return the observation of the present state."""
        return self._sense(self._state, stamp_ns_of(self.steps, self._body.control_period_s))

    def blind(self) -> None:
        """Forget the readings: the senses are shut, and begin anew when they open."""
        self._fusion, self._goal_episode = SensorFusion(self._layout, None), -1

    def slow(self, share: float) -> None:
        """Bound all motion to a share of the velocity limits, in (0, 1]."""
        self._guard.envelope(share)

    def move(self, action: np.ndarray) -> Motion:
        """Return the command for an action (A,), within limits."""
        return self._guard.act(action, self.now_s)

    def towards(self, wanted: Sequence[float]) -> np.ndarray:
        """Return the action (A,) that leads towards joint positions (A,) that a person wants."""
        return self._guard.towards(wanted)

    def standstill(self) -> np.ndarray:
        """Return the command (A,) that stands still."""
        command = self._guard.standstill()
        if command is None:
            raise BodyError('nothing was sensed yet: a standstill needs a joint state')
        return command

    def step(self, command: np.ndarray) -> BodyState:
        """Let the body take a command (A,); return its state after the step."""
        self._state = self._body.step(command)
        self.steps += 1
        return self._state

    def _sense(self, state: BodyState, stamp_ns: int) -> Observation:
        fusion, fused = self._fusion, []
        if state.tool_position is not None:
            fused.append(fusion.tool(stamp_ns, state.tool_position))
        if state.image is not None and fusion.image_size:
            fused.append(fusion.image(stamp_ns, state.image))
        if state.goal is not None and state.episode != self._goal_episode:
            self._goal_episode = state.episode
            if not fusion.layout.goal_channels:
                fused.append(fusion.goal(stamp_ns, state.goal))
        names, position, velocity, _ = channels_of(state)
        fused.append(fusion.joints(JointSample(
            stamp_ns, names, position.tolist(), velocity.tolist(), str(state.episode),
            state.step)))
        made = [observation for observation in fused if observation is not None]
        if len(made) != 1:
            raise BodyError(f'expected one observation of a body state, got {len(made)}')
        if self._guard.needs_position:
            order = [names.index(joint) for joint in self._guard.limits.joints]
            self._guard.measure(position[order].tolist(), velocity[order].tolist()
                                if velocity.size else (), stamp_ns * 1e-9)
        return made[0]
