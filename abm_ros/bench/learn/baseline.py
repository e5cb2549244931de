"""
The baselines of `abm bench learn`: Stable-Baselines3's SAC and sb3-contrib's TQC with HER.

Their own code, with the hyperparameters that rl-zoo tuned for this family of tasks, evaluated
by the same function as our agent. Source: DLR-RM/rl-baselines3-zoo, hyperparams/tqc.yml
(PandaReach-v1, PandaPush-v1) and hyperparams/sac.yml (FetchReach-v1). One setting is left out in
the baseline's favour: rl-zoo normalises observations and rewards of the Reach tasks, with which
SAC needed 7,000 instead of 3,000 steps for PandaReach-v3 (one seed, 0.95 native).
"""

import importlib
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from abm_ros.bench.learn.curve import Curve, Score, is_settled
from abm_ros.bench.learn.trial import Trial, evaluate
from abm_ros.bodies.config import GymBodyConfig
from abm_ros.bodies.make import body_config
from abm_ros.common.errors import ConfigError
from abm_ros.common.seeds import derive_seed
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Observation

# name -> module and class
ALGORITHMS = {'sac-her': ('stable_baselines3', 'SAC'), 'tqc-her': ('sb3_contrib', 'TQC')}
LEARNING_STARTS = (100, 1000)
_COMMON = {'buffer_size': 1_000_000, 'gamma': 0.95, 'learning_rate': 1e-3}
_REACH = {**_COMMON, 'batch_size': 256, 'ent_coef': 'auto'}
_OTHERS = {**_COMMON, 'batch_size': 2048, 'tau': 0.05}


def hyperparameters(baseline: str, env_id: str) -> dict[str, Any]:
    """
    Return rl-zoo's settings of a baseline.

    :param env_id: reaching has settings of its own, every other goal task has the general ones.
    """
    if 'Reach' not in env_id:
        return {**_OTHERS, 'policy_kwargs': {'net_arch': [512, 512, 512], 'n_critics': 2}}
    critics = {'n_critics': 1} if baseline == 'tqc-her' else {}
    return {**_REACH, 'policy_kwargs': {'net_arch': [64, 64], **critics}}


def require(baseline: str) -> type:
    """
    Return the baseline's class.

    :raises ConfigError: unknown, or its package is not installed.
    """
    if baseline not in ALGORITHMS:
        raise ConfigError(f"--baseline '{baseline}': expected one of "
                          f'{", ".join(ALGORITHMS)} or none')
    module, name = ALGORITHMS[baseline]
    try:
        found: type = getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise ConfigError(f'--baseline {baseline} needs {module}, which cannot be imported '
                          f"({error}): pip install 'abm_ros[bench]', or use --baseline none"
                          ) from error
    return found


def gym_id(env: str) -> str:
    """
    Return the gymnasium id of a body's name.

    :raises ConfigError: the body is no gymnasium environment.
    """
    config = body_config(env)
    if not isinstance(config, GymBodyConfig):
        raise ConfigError(f"--env '{env}': the baselines need a gymnasium environment, "
                          'gym:<id>; use --baseline none for other bodies')
    return config.env_id


def make_training_env(env: str, seed: int) -> Any:
    """Return the environment as gymnasium makes it, with reproducible resets."""
    import gymnasium

    from abm_ros.bodies.gym_body import make_env
    config = body_config(env)
    if not isinstance(config, GymBodyConfig):
        raise ConfigError(f"'{env}' is no gymnasium environment")

    class SeededResets(gymnasium.Wrapper):
        """Seeds every reset: without a seed, panda-gym takes fresh entropy each time."""

        episode = 0

        def reset(self, **_: Any) -> Any:
            self.episode += 1
            return self.env.reset(
                seed=derive_seed(seed, f'bench/baseline/{self.episode}') % 2 ** 31)

    made = make_env(config)
    if made.spec.max_episode_steps is None:
        made = gymnasium.wrappers.TimeLimit(made, config.horizon)
    return SeededResets(made)


class Sb3Acting:
    """A deterministic policy of Stable-Baselines3, acting in a `Life`."""

    def __init__(self, model: Any, env: Any, spec: ObservationSpec) -> None:
        """:param env: with the spaces of the policy."""
        self._model = model
        self._parts = {part.name: spec.slice_of(part.name) for part in spec.fields}
        self._space = env.observation_space.spaces
        self._low, self._high = env.action_space.low, env.action_space.high

    def act(self, observation: Observation) -> np.ndarray:
        """Return the action (A,) float32, scaled from the environment's bounds to [-1, 1]."""
        parts = {name: observation.vector[part] for name, part in self._parts.items()}
        parts['desired_goal'] = observation.goal
        seen = {name: np.asarray(parts[name], space.dtype).reshape(space.shape)
                for name, space in self._space.items()}
        action = self._model.predict(seen, deterministic=True)[0]
        scaled = 2.0 * (action - self._low) / (self._high - self._low) - 1.0
        return np.asarray(scaled, np.float32).ravel()

    def executed(self, stamp_ns: int, action: np.ndarray) -> None:
        """Take what the motor guard let through; nothing depends on it."""


def learn_baseline(trial: Trial, baseline: str, learning_starts: int) -> Curve:
    """Train one seed of a baseline; ends early once both thresholds were reached."""
    from stable_baselines3 import HerReplayBuffer
    from stable_baselines3.common.callbacks import BaseCallback
    from torch import set_num_threads
    set_num_threads(1)
    start_s = time.monotonic()
    scores: list[Score] = []
    env = make_training_env(trial.env, trial.seed)

    class Evaluations(BaseCallback):
        def _on_step(self) -> bool:
            if self.num_timesteps != trial.points[len(scores)]:
                return True
            scores.append(evaluate(trial, self.num_timesteps,
                                   lambda spec: Sb3Acting(self.model, env, spec)))
            settled = is_settled(scores, trial.protocol.threshold)
            return len(scores) < len(trial.points) and (trial.protocol.full or not settled)

    model: Any = require(baseline)(
        'MultiInputPolicy', env, learning_starts=learning_starts, seed=trial.seed, device='cpu',
        replay_buffer_class=HerReplayBuffer,
        replay_buffer_kwargs={'n_sampled_goal': 4, 'goal_selection_strategy': 'future'},
        **hyperparameters(baseline, gym_id(trial.env)))
    try:
        model.learn(trial.points[-1], callback=Evaluations())
    finally:
        env.close()
    return Curve(trial.seed, tuple(scores), time.monotonic() - start_s)


def settings_text(baseline: str, env: str) -> Mapping[str, Any]:
    """Return the hyperparameters for the JSON."""
    return {**hyperparameters(baseline, gym_id(env)), 'n_sampled_goal': 4,
            'goal_selection_strategy': 'future', 'learning_starts': list(LEARNING_STARTS)}
