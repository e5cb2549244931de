"""
Any gymnasium goal environment as a body.

Its observation has no joints, so its numbers are named channels (`observation.0`, ...), and the
`<abm_body>` tag says which channels make up an observation field (decision 0009). A command is a
bounded input in [-1, 1] per action.
"""

import importlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np

from abm_ros.bodies.config import GymBodyConfig
from abm_ros.bodies.description import command_urdf, with_body_tag
from abm_ros.bodies.disturbance import Disturbance
from abm_ros.bodies.gym_disturbance import GymDisturbance
from abm_ros.bodies.types import BodyState, check_command
from abm_ros.common.errors import BodyError, BodyFailure
from abm_ros.common.seeds import derive_seed
from abm_ros.common.spec import reached
from abm_ros.robot.description import BodyTag, ChannelField

FIELDS = ('observation', 'achieved_goal', 'desired_goal')
# The keys by which environments report success, the usual one first.
_SUCCESS = ('is_success', 'success')
# panda-gym forbids numpy 2, with which it works; gymnasium-robotics fails with newer mujoco.
_KNOWN_MODULES = {'Panda': ('panda_gym', '--no-deps panda-gym'), **dict.fromkeys(
    ('Fetch', 'Hand', 'PointMaze', 'AntMaze', 'Adroit', 'FrankaKitchen'),
    ('gymnasium_robotics', "gymnasium-robotics 'mujoco<3.3'"))}
# A normalised input has no rate limit: a full swing in a millisecond is allowed.
_INPUT_VELOCITY = 2000.0


class GymBody:
    """A goal environment: observation, achieved_goal, desired_goal, Box actions; see `Body`."""

    def __init__(self, config: GymBodyConfig) -> None:
        """
        Make the environment and begin episode 0.

        :raises BodyError: unknown id, missing package, or not a goal environment.
        :raises BodyFailure: the environment fails in its first reset.
        """
        self.config = config
        self._env = make_env(config)
        try:
            self._sizes = _goal_sizes(config.env_id, self._env)
            self._low, self._high = _action_bounds(config.env_id, self._env)
        except BodyError:
            self._env.close()
            raise
        self.command_joints = tuple(f'action_{i}' for i in range(len(self._low)))
        self.interface = 'effort'
        self.control_period_s = _control_period(self._env, config.control_period_s)
        self.horizon = _horizon(self._env, config.horizon)
        self.goal_tolerance = _tolerance(self._env, config.goal_tolerance)
        self._channels = tuple(f'{name}.{i}' for name in FIELDS for i in range(self._sizes[name]))
        self._ended = False
        self._change = GymDisturbance(self._env)
        try:
            self._state = self._reset(0)
        except BodyError:
            self._env.close()
            raise

    def description(self) -> str:
        """Return a URDF that holds the limits of the commands, with the `<abm_body>` tag."""
        fields = tuple(ChannelField(name, f'{name}.', self._sizes[name]) for name in FIELDS)
        tag = BodyTag(self.goal_tolerance, self.horizon, self.control_period_s, 'achieved_goal',
                      fields, told=self.config.told)
        return with_body_tag(command_urdf('gym_body', self.command_joints, _INPUT_VELOCITY), tag)

    def state(self) -> BodyState:
        """Return the present state without a step."""
        return self._state

    def step(self, command: np.ndarray) -> BodyState:
        """
        Apply a command; at an episode's end reset the environment instead, command ignored.

        :param command: (A,) float64 in [-1, 1], clipped; mapped to the bounds of the actions.
        :raises BodyError: wrong shape or not finite; the environment does not move.
        :raises BodyFailure: the environment raises, or answers what it must not.
        """
        command = np.clip(check_command(command, len(self._low)), -1.0, 1.0)
        last = self._state
        won = last.success and self.config.ends_at_success
        if self._ended or won or last.step >= self.horizon:
            self._ended = False
            self._state = self._reset(last.episode + 1)
            return self._state
        action = self._low + 0.5 * (command + 1.0) * (self._high - self._low)
        space = self._env.action_space
        observation, reward, terminated, truncated, info = self._answer(
            'step', ('observation', 'reward', 'terminated', 'truncated', 'info'),
            lambda: self._env.step(action.astype(space.dtype).reshape(space.shape)))
        self._state = self._sense(last.episode, last.step + 1, observation, info)
        if self.config.told:
            self._state = replace(self._state, reward=self._number(reward))
        ignored = self._state.success and not self.config.ends_at_success
        self._ended = bool(truncated or (terminated and not ignored))
        return self._state

    def _reset(self, episode: int) -> BodyState:
        seed = self._seed_of(episode)
        observation, info = self._answer('reset', ('observation', 'info'),
                                         lambda: self._env.reset(seed=seed))
        observation, info = self._change.begun(observation, info)
        return self._sense(episode, 0, observation, info)

    def _answer(self, call: str, parts: tuple[str, ...], asked: Callable[[], Any]) -> Any:
        """Return what the environment answers, which must have these parts, info last."""
        expected = f'expected ({", ".join(parts)}): the API of gymnasium, not the older of gym'
        try:
            answer = asked()
        except Exception as error:      # foreign code: any exception ends the run
            # gymnasium's own wrappers unpack the answer of a step and pass a seed on.
            old = any(text in str(error) for text in ('values to unpack', "argument 'seed'"))
            hint = f'; {expected}' if old else ''
            raise self._failure(f'{call} raised {type(error).__name__}: {_line(error)}{hint}'
                                ) from error
        if not isinstance(answer, tuple) or len(answer) != len(parts):
            got = (f'{len(answer)} values' if isinstance(answer, tuple) else
                   f'a {type(answer).__name__}')
            raise self._failure(f'{call} returned {got}, {expected}')
        if not isinstance(answer[-1], dict):
            raise self._failure(f'{call} returned a {type(answer[-1]).__name__} as info, '
                                'expected a dict')
        return answer

    def _failure(self, what: str) -> BodyFailure:
        return BodyFailure(f"environment '{self.config.env_id}': {what}")

    def _seed_of(self, episode: int) -> int:
        # At each reset, since some environments draw a fresh seed from the system otherwise.
        return derive_seed(self.config.seed, f'episode/{episode}') % 2 ** 31

    @property
    def disturbances(self) -> frozenset[str]:
        """Which fields of a disturbance the environment can bring about."""
        return self._change.able

    def set_disturbance(self, disturbance: Disturbance) -> None:
        """
        Change the environment from the next control step on.

        :raises BodyError: wrong shape or not finite.
        """
        self._change.set(disturbance.checked(len(self.command_joints)))

    def close(self) -> None:
        """Close the environment; may be called twice."""
        self._env.close()

    def _sense(self, episode: int, step: int, observation: Any,
               info: dict[str, Any]) -> BodyState:
        parts = [self._part(observation, name, step) for name in FIELDS]
        achieved, goal = parts[1].copy(), parts[2].copy()
        told = self._told(info)
        if told is None and self.config.told:
            told = False
        return BodyState(
            episode=episode, step=step, channels=self._channels, position=np.concatenate(parts),
            velocity=None, effort=None, tool_position=achieved if achieved.size == 3 else None,
            tool_orientation=None, object_position=None, goal=goal, energy=1.0,
            image=self._image() if self.config.camera else None,
            success=bool(reached(achieved, goal, self.goal_tolerance)) if told is None else told,
            told=told)

    def _part(self, observation: Any, name: str, step: int) -> np.ndarray:
        try:
            part = np.asarray(observation[name], np.float64).ravel()
        except (TypeError, KeyError, IndexError, ValueError) as error:
            raise self._failure(f"at step {step} '{name}' of the observation cannot be read: "
                                f'{type(error).__name__}: {_line(error)}') from error
        if part.size != self._sizes[name]:
            raise self._failure(f"at step {step} '{name}' has {part.size} numbers, its space "
                                f'says {self._sizes[name]}')
        if not np.isfinite(part).all():
            raise self._failure(f"at step {step} '{name}' holds NaN or infinity")
        return part

    def _told(self, info: dict[str, Any]) -> bool | None:
        """Return whether the environment reports success; None if it reports nothing."""
        told = next((info[name] for name in _SUCCESS if info.get(name) is not None), None)
        if told is None:
            return None
        try:
            return bool(np.all(np.asarray(told, np.float64) > 0.5))
        except (TypeError, ValueError) as error:
            raise self._failure(f'info tells success as {told!r}, expected a truth value'
                                ) from error

    def _number(self, reward: Any) -> float:
        try:
            value = float(reward)
        except (TypeError, ValueError) as error:
            raise self._failure(f'the reward is {reward!r}, expected a number') from error
        if not np.isfinite(value):
            raise self._failure(f'the reward is {value}, expected a finite number')
        return value

    def _image(self) -> np.ndarray:
        try:
            image = np.array(self._env.render(), np.uint8)
        except Exception as error:      # foreign code, or no image
            raise self._failure(f'render failed: {type(error).__name__}: {_line(error)}'
                                ) from error
        if image.ndim != 3 or image.shape[2] < 3:
            raise self._failure(f'render returned an array of shape {image.shape}, expected an '
                                'image (height, width, 3)')
        return image[:, :, :3]


def make_env(config: GymBodyConfig) -> Any:
    """
    Make the environment of a configuration, importing the module that registers it.

    :raises BodyError: unknown id, missing package, or the environment's own refusal.
    """
    known = next((v for k, v in _KNOWN_MODULES.items() if config.env_id.startswith(k)), None)
    module, package = (config.module, config.module) if config.module else known or ('', '')
    try:
        if module:
            importlib.import_module(module)
    except ImportError as error:
        raise BodyError(f"environment '{config.env_id}' needs the module '{module}' ({error}): "
                        f'pip install {package}') from error
    except Exception as error:      # foreign code too, as below
        raise BodyError(f"environment '{config.env_id}': the module '{module}' cannot be "
                        f'imported: {_line(error)}') from error
    try:
        # Without a camera the argument is left out: panda-gym refuses a render mode of None.
        # Its checker gives many lines of warnings for what is one line of an error here.
        asked = {'disable_env_checker': True}
        return (gymnasium.make(config.env_id, render_mode='rgb_array', **asked) if config.camera
                else gymnasium.make(config.env_id, **asked))
    except gymnasium.error.UnregisteredEnv as error:
        hint = '' if module else '; if a module registers it, name that one in module'
        raise BodyError(f"unknown environment '{config.env_id}': {_line(error)}{hint}") from error
    except gymnasium.error.DependencyNotInstalled as error:
        raise BodyError(f"environment '{config.env_id}' misses a package: {_line(error)}"
                        ) from error
    except Exception as error:
        # The environment is foreign code: any exception becomes one clear line.
        hint = f' (it runs after: pip install {package})' if known else ''
        raise BodyError(f"environment '{config.env_id}' cannot be made: {_line(error)}{hint}"
                        ) from error


def _line(error: Exception) -> str:
    return ' '.join(str(error).split()) or type(error).__name__


def _goal_sizes(env_id: str, env: Any) -> dict[str, int]:
    space = env.observation_space
    found = space.spaces if isinstance(space, gymnasium.spaces.Dict) else {}
    boxes = [n for n in FIELDS if isinstance(found.get(n), gymnasium.spaces.Box)]
    if len(boxes) != len(FIELDS):
        raise BodyError(f"'{env_id}' is not a goal environment: expected a Dict observation with "
                        f'the Boxes {", ".join(FIELDS)}, got {_line_of(space)}')
    sizes = {name: int(np.prod(found[name].shape or ())) for name in FIELDS}
    if sizes['achieved_goal'] != sizes['desired_goal']:
        raise BodyError(f"'{env_id}': achieved_goal has {sizes['achieved_goal']} numbers but "
                        f'desired_goal {sizes["desired_goal"]}, expected the same')
    return sizes


def _line_of(space: Any) -> str:
    return ' '.join(str(space).split())[:120]


def _action_bounds(env_id: str, env: Any) -> tuple[np.ndarray, np.ndarray]:
    space = env.action_space
    if not isinstance(space, gymnasium.spaces.Box) or not space.is_bounded():
        raise BodyError(f"'{env_id}': expected actions in a bounded Box, got {_line_of(space)}")
    return (np.asarray(space.low, np.float64).ravel(), np.asarray(space.high, np.float64).ravel())


def _positive(value: Any) -> float:
    """Return a value as a float; 0 if it is not a positive finite number."""
    usable = isinstance(value, (int, float, np.number)) and np.isfinite(value) and value > 0
    return float(value) if usable else 0.0


def _tolerance(env: Any, fallback: float) -> float:
    task = getattr(env.unwrapped, 'task', None)
    return (_positive(getattr(task, 'distance_threshold', None))
            or _positive(getattr(env.unwrapped, 'distance_threshold', None)) or fallback)


def _control_period(env: Any, fallback: float) -> float:
    base = env.unwrapped
    rate = _positive(base.metadata.get('render_fps'))
    sim = getattr(base, 'sim', None)
    substeps = _positive(getattr(sim, 'timestep', None)) * _positive(
        getattr(sim, 'n_substeps', None))
    return _positive(getattr(base, 'dt', None)) or (1.0 / rate if rate else 0.0) \
        or substeps or fallback


def _horizon(env: Any, fallback: int) -> int:
    limit = None if env.spec is None else env.spec.max_episode_steps
    return int(limit) if limit else fallback
