"""
Inverse dynamics: which actions led from one observation to the next, by System A's model.

The forward model is inverted by Gauss-Newton: its prediction is nearly linear in the action, and
a slope for each actuator comes from one batch. So any System A can label what a teacher showed
without actions. numpy and onnxruntime only.
Shape letters: N transitions, D observation, V plain numbers, A action.
"""

from dataclasses import dataclass

import numpy as np

from abm_ros.world_model.perception import PerceivingModel

_ROUNDS, _PROBE = 4, 0.1
_DAMPING = 1e-3


@dataclass(frozen=True)
class Inferred:
    """
    The actions of N transitions, and how well they explain what was seen.

    `missed` is the squared error of the model with these actions, `change` that of predicting no
    change, both summed over the transitions, in units of a usual step.
    """

    action: np.ndarray                 # (N, A) float32 in [-1, 1]
    missed: float
    change: float

    @property
    def error(self) -> float:
        """Error relative to predicting no change; 1 where nothing changed."""
        return self.missed / self.change if self.change > 1e-9 else 1.0


def infer(model: PerceivingModel, observation: np.ndarray) -> Inferred:
    """
    Return the actions between observations that follow each other.

    :param observation: (N + 1, D) float32.
    """
    before, after = observation[:-1], observation[1:]
    latent, actions = model.encode(before), model.spec.action_size
    target = after[:, :model.spec.numbers]
    # Numbers that move much count as much as those that move little.
    scale = np.sqrt(np.mean(np.square(target - before[:, :model.spec.numbers]), axis=0))
    scale = np.maximum(scale, 1e-3 * max(float(scale.max()), 1e-9))
    action = np.zeros((len(before), actions), np.float32)
    for _ in range(_ROUNDS):
        slope, gap = _linear(model, latent, action, target)
        slope, gap = slope / scale, gap / scale
        normal = slope @ slope.transpose(0, 2, 1) + _DAMPING * np.eye(actions)
        step = np.linalg.solve(normal, slope @ gap[:, :, None])[:, :, 0]
        action = np.clip(action + step, -1.0, 1.0).astype(np.float32)
    seen, _ = model.predict(latent, action)
    moved = (target - before[:, :model.spec.numbers]) / scale
    return Inferred(action, float(np.square((target - seen) / scale).sum()),
                    float(np.square(moved).sum()))


def explained(model: PerceivingModel, observation: np.ndarray, action: np.ndarray) -> Inferred:
    """Return given actions (N, A), and how well they explain observations (N + 1, D)."""
    _, error, _ = model.perceive(observation[1:], observation[:-1], action)
    return Inferred(action, float(error[:, 0].sum()), float(error[:, 1].sum()))


def _linear(model: PerceivingModel, latent: np.ndarray, action: np.ndarray, target: np.ndarray
            ) -> tuple[np.ndarray, np.ndarray]:
    """Return the slopes (N, A, V) of the prediction in the action, and what it misses (N, V)."""
    count, actions = action.shape
    probes = np.repeat(action[:, None], actions + 1, axis=1)                # (N, A + 1, A)
    # Inwards, where the model learned.
    inward = np.where(action > 0, -_PROBE, _PROBE).astype(np.float32)
    index = np.arange(actions)
    probes[:, index + 1, index] += inward
    numbers, _ = model.predict(np.repeat(latent, actions + 1, axis=0),
                               probes.reshape(-1, actions))
    numbers = numbers.reshape(count, actions + 1, -1)
    slope = (numbers[:, 1:] - numbers[:, :1]) / inward[:, :, None]
    return slope, target - numbers[:, 0]
