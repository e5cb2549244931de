"""A body whose outcome is known: the action moves a point on a line, the goal is a place on it."""

import numpy as np

from abm_ros.bodies.description import command_urdf, with_body_tag
from abm_ros.bodies.types import BodyState
from abm_ros.robot.description import BodyTag, ChannelField

SIZES = {'observation': 2, 'achieved_goal': 1, 'desired_goal': 1}


class LineBody:
    """
    Starts at 0; a full action moves 0.1. The goals of the episodes are given in turn.

    :param goals: of the episodes, over and over; None draws each from [-0.6, 0.6].
    """

    interface = 'effort'
    command_joints = ('action_0',)
    control_period_s = 0.05

    def __init__(self, goals=None, seed=0, ends_at_success=True, tolerance=0.05):
        self.horizon, self.goal_tolerance = 10, tolerance
        self.closed = False
        self._goals, self._ends = goals, ends_at_success
        self._rng = np.random.default_rng(seed)
        self._begin(0)

    def _begin(self, episode):
        self._episode, self._step, self._x, self._action = episode, 0, 0.0, 0.0
        self._goal = (self._rng.uniform(-0.6, 0.6) if self._goals is None
                      else self._goals[episode % len(self._goals)])

    def description(self):
        fields = tuple(ChannelField(n, f'{n}.', size) for n, size in SIZES.items())
        tag = BodyTag(self.goal_tolerance, self.horizon, self.control_period_s, 'achieved_goal',
                      fields)
        return with_body_tag(command_urdf('line', self.command_joints, 2000.0), tag)

    def state(self):
        position = np.array([self._x, self._action, self._x, self._goal])
        names = tuple(f'{n}.{i}' for n, size in SIZES.items() for i in range(size))
        return BodyState(
            episode=self._episode, step=self._step, channels=names, position=position,
            velocity=None, effort=None, tool_position=None, tool_orientation=None,
            object_position=None, goal=position[3:], energy=1.0, image=None,
            success=bool(abs(self._x - self._goal) <= self.goal_tolerance))

    def step(self, command):
        if self._step >= self.horizon or (self._ends and self.state().success):
            self._begin(self._episode + 1)
        else:
            self._action = float(np.clip(command[0], -1, 1))
            self._x += 0.1 * self._action
            self._step += 1
        return self.state()

    def close(self):
        self.closed = True


class Steady:
    """Takes the same action for ever."""

    def __init__(self, action):
        self._action = np.array([action], np.float32)

    def act(self, observation):
        return self._action

    def executed(self, stamp_ns, action):
        pass
