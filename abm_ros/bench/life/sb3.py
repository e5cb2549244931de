"""Stable-Baselines3's SAC and sb3-contrib's TQC, both with HER, learning online in a `Life`."""

from typing import Any

import gymnasium
import numpy as np

from abm_ros.bench.learn.baseline import hyperparameters, require
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Observation

LEARNING_STARTS = 100     # the better of those that `abm bench learn` compares, in steps
_SEEN = 'observation'


class GoalSpace(gymnasium.Env):
    """The spaces and the sparse reward of a spec; the body is stepped elsewhere."""

    def __init__(self, spec: ObservationSpec) -> None:
        def box(size: int, most: float = np.inf) -> gymnasium.spaces.Box:
            return gymnasium.spaces.Box(-most, most, (size,), np.float32)

        self._spec = spec
        self.action_space = box(spec.action_size, 1.0)
        self.observation_space = gymnasium.spaces.Dict({
            _SEEN: box(spec.size), 'achieved_goal': box(spec.goal_size),
            'desired_goal': box(spec.goal_size)})

    def compute_reward(self, achieved_goal: np.ndarray, desired_goal: np.ndarray, _: Any
                       ) -> np.ndarray:
        """Return 0 where the goal is reached and -1 elsewhere (...,), as panda-gym does."""
        there = self._spec.reached(achieved_goal, desired_goal)
        return np.asarray(there, np.float32) - 1.0


class Sb3Learner:
    """
    Takes one gradient step per control step, as the baselines of `abm bench learn` do.

    :param algorithm: of `bench.learn.baseline.ALGORITHMS`.
    :param task: the name of the body; reaching has hyperparameters of its own.
    :raises ConfigError: the algorithm's package is not installed.
    """

    def __init__(self, algorithm: str, spec: ObservationSpec, task: str, seed: int) -> None:
        from stable_baselines3 import HerReplayBuffer
        from stable_baselines3.common.logger import configure
        self._spec, self._space = spec, GoalSpace(spec)
        self._model: Any = require(algorithm)(
            'MultiInputPolicy', self._space, seed=seed, device='cpu',
            replay_buffer_class=HerReplayBuffer,
            replay_buffer_kwargs={'n_sampled_goal': 4, 'goal_selection_strategy': 'future'},
            **{**hyperparameters(algorithm, task.title()), 'buffer_size': 100_000})
        self._model.set_logger(configure(None, []))
        self._space.action_space.seed(seed)
        self._last: Observation | None = None
        self._executed: np.ndarray | None = None
        self._steps = self._finished = 0

    def act(self, observation: Observation) -> np.ndarray:
        """Learn from the transition that led here, and return an action (A,) in [-1, 1]."""
        last, executed = self._last, self._executed
        if last is not None and executed is not None and observation.follows(last):
            self._learn(last, executed, observation)
        self._last, self._executed = observation, None
        if self._steps < LEARNING_STARTS or not self._finished:
            return np.asarray(self._space.action_space.sample(), np.float32)
        action = self._model.predict(self._seen(observation), deterministic=False)[0]
        return np.asarray(action, np.float32)

    def executed(self, stamp_ns: int, action: np.ndarray) -> None:
        """Take the action (A,) that the motor guard let through."""
        self._executed = np.asarray(action, np.float32)

    def _learn(self, last: Observation, action: np.ndarray, now: Observation) -> None:
        after, cut = self._seen(now), now.step >= self._spec.horizon
        reward = self._space.compute_reward(after['achieved_goal'], after['desired_goal'], None)
        done = bool(reward == 0.0) or cut
        self._model.replay_buffer.add(
            _row(self._seen(last)), _row(after), action[np.newaxis], reward[np.newaxis],
            np.array([done]), [{'TimeLimit.truncated': cut and bool(reward < 0.0)}])
        self._steps += 1
        self._finished += done
        if self._steps >= LEARNING_STARTS and self._finished:
            self._model.train(gradient_steps=1, batch_size=self._model.batch_size)

    def _seen(self, observation: Observation) -> dict[str, np.ndarray]:
        return {_SEEN: observation.vector,
                'achieved_goal': observation.vector[self._spec.goal_slice],
                'desired_goal': observation.goal}


def _row(seen: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: part[np.newaxis] for name, part in seen.items()}
