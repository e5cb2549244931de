"""
Dreams: System A in place of the world, for many goals side by side (mode `imagine`).

A dream begins at a lived observation and is pursued by System B, who sees latents and goals as in
waking life. It ends when the goal is reached, when the ensemble disagrees too much, or after
`dream_steps`; then its row goes on with the next seed. Those that reached their goals are kept.
A model that fails on lived experience dreams of nothing. numpy and onnxruntime only.

Shape letters: N dreams, H steps, D observation, V plain numbers in it, Z latent, A action, G goal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from abm_ros.common.config import check, setting
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Batch, Imagined
from abm_ros.world_model.perception import PerceivingModel


@dataclass(frozen=True)
class DreamConfig:
    """How dreams run, and when a model is good enough for them."""

    dreams: int = setting(512, 'dreams side by side', low=1, high=4096)
    dream_steps: int = setting(25, 'steps after which a dream has failed', low=1, high=1000)
    burst_steps: int = setting(50, 'steps of all dreams from one batch of seeds',
                               low=1, high=10_000)
    dream_doubt: float = setting(
        1.0, 'disagreement of the ensemble, in typical steps, at which a dream ends',
        low=0.0, high=100.0)
    dream_error: float = setting(
        1.0, 'error of what is achieved on the newest lived experience, relative to predicting no '
        'change, above which a model dreams of nothing', low=0.0, high=1e6)
    judged: int = setting(128, 'lived windows by which a model is judged', low=1, high=4096)
    judged_steps: int = setting(5, 'steps over which a model predicts lived experience to be '
                                'judged', low=1, high=32)

    def __post_init__(self) -> None:
        check(self)

    def doubt(self, error: float) -> str:
        """Return why a model of this error is not dreamed in, '' if it is."""
        if error <= self.dream_error:
            return ''
        return (f'the model errs by {error:.2f} on lived experience, more than '
                f'{self.dream_error:g}')


def obstacle(spec: ObservationSpec) -> str:
    """Return why nothing can be dreamed of such observations, '' if it can."""
    if spec.images:
        return 'the model draws no images'
    if spec.told:
        return 'only the task knows what success is'
    return ''


def judge(model: PerceivingModel, spec: ObservationSpec, lived: Batch) -> float:
    """
    Return the open-loop error of what a model says will be achieved, over that of no change.

    :param lived: windows (B, L) of lived experience that the model learned little or nothing from.
    :return: infinite if nothing moved in them, so that there is nothing to judge by.
    """
    part, mask = spec.goal_slice, lived.mask
    truth, latent = lived.numbers[..., part], model.encode(lived.observation[:, 0])
    missed = change = 0.0
    for t in range(mask.shape[1]):
        latent, numbers, _ = model.advance(latent, lived.action[:, t])
        missed += _energy(numbers[:, part] - truth[:, t + 1], mask[:, t])
        change += _energy(truth[:, 0] - truth[:, t + 1], mask[:, t])
    error = missed / change if change > 0 else np.inf
    return error if np.isfinite(error) else np.inf


def _energy(gap: np.ndarray, mask: np.ndarray) -> float:
    return float(np.square(gap).sum(axis=-1) @ mask)


class Dreams:
    """
    N dreams in one model, all a step further at a time.

    :param config: how they run.
    :param spec: of what is dreamed.
    :param model: that dreams.
    :param seeds: lived windows whose first observations dreams begin at, with goals. They are used
        in order, and again from the first when all were used.
    """

    def __init__(self, config: DreamConfig, spec: ObservationSpec, model: PerceivingModel,
                 seeds: Batch) -> None:
        count, steps = config.dreams, config.dream_steps
        self._config, self._spec, self._model = config, spec, model
        self._start, self._goals = seeds.numbers[:, 0], seeds.goal
        self._first = model.encode(seeds.observation[:, 0])       # (B, Z)
        self._next = 0                                            # seed
        self._seen = np.zeros((count, steps + 1, spec.numbers), np.float32)
        self._acted = np.zeros((count, steps + 1, spec.action_size), np.float32)
        self._step = np.zeros(count, np.int64)
        self.latent = np.zeros((count, self._first.shape[1]), np.float32)
        self.goal = np.zeros((count, spec.goal_size), np.float32)
        self.steps = 0
        self._kept: list[Imagined] = []
        self._begin(np.arange(count))

    @property
    def over(self) -> bool:
        """Whether all steps from these seeds are dreamed."""
        return self.steps >= self._config.burst_steps

    @property
    def achieved(self) -> np.ndarray:
        """What is achieved now (N, G), in its own units."""
        return self._seen[np.arange(len(self._step)), self._step][:, self._spec.goal_slice]

    def act(self, action: np.ndarray) -> None:
        """Let all dreams go on with actions (N, A) in [-1, 1]."""
        row, now, config = np.arange(len(self._step)), self._step, self._config
        latent, numbers, doubt = self._model.advance(self.latent, action)
        self._acted[row, now] = action
        self._seen[row, now + 1] = numbers
        self._step, self.latent = now + 1, latent
        self.steps += 1
        # A number that is not finite fails every comparison, so its dream ends and is not kept.
        sound = (doubt <= config.dream_doubt) & np.isfinite(latent).all(axis=1)
        there = sound & self._spec.reached(numbers[:, self._spec.goal_slice], self.goal)
        self._keep(np.flatnonzero(there))
        self._begin(np.flatnonzero(there | ~sound | (self._step >= config.dream_steps)))

    def successes(self) -> Imagined:
        """Return the dreams that reached their goals since the last call."""
        kept, self._kept = self._kept, []
        return joined(kept, self._spec)

    def _begin(self, row: np.ndarray) -> None:
        """Begin a dream in each of some rows."""
        seed = (self._next + np.arange(len(row))) % len(self._start)
        self._next += len(row)
        self._step[row] = 0
        self._seen[row, 0], self.goal[row] = self._start[seed], self._goals[seed]
        self.latent[row] = self._first[seed]

    def _keep(self, row: np.ndarray) -> None:
        if not len(row):
            return
        length = self._step[row]
        inside = np.arange(self._config.dream_steps + 1) <= length[:, None]
        self._acted[row, length] = 0.0
        self._kept.append(Imagined(self._seen[row][inside], self._acted[row][inside],
                                   self.goal[row], length))


def joined(parts: Sequence[Imagined], spec: ObservationSpec) -> Imagined:
    """Return trajectories as one; none at all if there are no parts."""
    none = Imagined(np.zeros((0, spec.numbers), np.float32),
                    np.zeros((0, spec.action_size), np.float32),
                    np.zeros((0, spec.goal_size), np.float32), np.zeros(0, np.int64))
    return Imagined(*map(np.concatenate, zip(none, *parts, strict=True)))
