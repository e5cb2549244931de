"""What the model expects of a transition in one world, and how that hangs on the world's map."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from abm_ros.world_model.worlds.actuator_map import ActuatorMap, Outcome

_LEAST_VARIANCE = 1e-3     # of an error, in squared usual steps
_SMALL = 0.1               # step of readings by which their effect is taken, in usual steps
# Predicts the plain numbers (N, V) after effective actions (N, A) from plain numbers (1 or N, V),
# in their own units, and the ensemble's disagreement (N,) in typical steps.
Predict = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


class Seen(NamedTuple):
    """A transition: numbers (V,) before it, the executed action (A,), and numbers (V,) after."""

    before: np.ndarray
    action: np.ndarray
    after: np.ndarray


class Scale(NamedTuple):
    """
    The usual step (V,) of each number, and the usual squared error (V, V) in such steps.

    The latter is None before there was any. `probe` is the step of actions by which their effect
    is taken.
    """

    step: np.ndarray
    usual: np.ndarray | None
    probe: float


def expect(believed: ActuatorMap, predict: Predict, seen: Seen, scale: Scale,
           doubted: np.ndarray | None = None) -> Outcome:
    """
    Return what a map expected of a transition, and what came.

    :param doubted: indices of readings whose offset counts; None for those that the map doubts.
    """
    step, size, effective = scale.step, len(believed.mean), believed.effective(seen.action)
    before, after = believed.true(seen.before), believed.true(seen.after)
    if doubted is None:
        doubted = np.flatnonzero(believed.doubted_readings)
    # No action, then each actuator by itself; then each reading that is doubted.
    tried = size if believed.doubts_actuators else 0
    probes = np.repeat(effective[np.newaxis], 1 + tried + len(doubted), 0)
    probes[1:tried + 1] += scale.probe * np.eye(tried, size)
    starts = np.repeat(before[np.newaxis], len(probes) if len(doubted) else 1, 0)
    starts[tried + 1 + np.arange(len(doubted)), doubted] -= _SMALL * step[doubted]
    expected, disagreement = predict(starts.astype(np.float32), probes.astype(np.float32))
    error = (after - expected[0]) / step
    effect = (expected[1:] - expected[0]).T / step[:, np.newaxis]
    jacobian = np.zeros((len(step), size + len(believed.offset)))
    jacobian[:, :tried] = effect[:, :tried] / scale.probe
    jacobian[:, size + doubted] = effect[:, tried:] / (_SMALL * step[doubted])
    jacobian[doubted, size + doubted] += 1.0 / step[doubted]
    usual = np.diag(np.square(error)) if scale.usual is None else scale.usual
    least = 0.25 * float(disagreement[0]) ** 2 + _LEAST_VARIANCE
    return believed.expect(seen.action, error, jacobian, 2.0 * usual + least * np.eye(len(error)))
