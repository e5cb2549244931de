"""
Inverse dynamics: which actions led from one observation to the next, by System A's model.

The forward model is inverted by Gauss-Newton: its prediction is nearly linear in the action, and
a slope for each actuator comes from one batch. So any System A can label what a teacher showed
without actions. numpy and onnxruntime only.
Shape letters: N transitions, D observation, V plain numbers, A action.
"""

from dataclasses import dataclass

import numpy as np

from abm_ros.common.spec import ObservationSpec
from abm_ros.world_model.perception import PerceivingModel

_ROUNDS, _PROBE = 4, 0.1
_DAMPING = 0.05
_STILL = 1e-6


@dataclass(frozen=True)
class Inferred:
    """
    The actions of N transitions, and how well they explain what was seen.

    `error` is the mean square of what the model misses with these actions, in usual steps: 1 is as
    wrong as predicting no change of a usual step.
    """

    action: np.ndarray                 # (N, A) float32 in [-1, 1]
    error: float


def infer(model: PerceivingModel, observation: np.ndarray, usual: np.ndarray) -> Inferred:
    """
    Return the actions between observations that follow each other.

    :param observation: (N + 1, D) float32.
    :param usual: (V,) how far each plain number moves in a usual step of this body.
    """
    latent, target = model.encode(observation[:-1]), observation[1:, :model.spec.numbers]
    action = np.zeros((len(latent), model.spec.action_size), np.float32)
    for _ in range(_ROUNDS):
        slope, gap = _linear(model, latent, action, target)
        slope, gap = slope / usual, gap / usual
        normal = slope @ slope.transpose(0, 2, 1) + _DAMPING * np.eye(action.shape[1])
        step = np.linalg.solve(normal, slope @ gap[:, :, None])[:, :, 0]
        action = np.clip(action + step, -1.0, 1.0).astype(np.float32)
    return explained(model, observation, action, usual)


def explained(model: PerceivingModel, observation: np.ndarray, action: np.ndarray,
              usual: np.ndarray) -> Inferred:
    """Return given actions (N, A), and how well they explain observations (N + 1, D)."""
    seen, _ = model.predict(model.encode(observation[:-1]), action)
    gap = (observation[1:, :model.spec.numbers] - seen) / usual
    return Inferred(action, float(np.square(gap).mean()))


def usual_step(spec: ObservationSpec, change: np.ndarray) -> np.ndarray:
    """Return how far (V,) the numbers of a field move in one of the steps (N, V), all alike."""
    usual = np.ones(spec.numbers, np.float32)
    for item in spec.fields:
        if not item.is_image:
            part = spec.slice_of(item.name)
            usual[part] = max(float(np.sqrt(np.square(change[:, part]).mean())), _STILL)
    return usual


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
