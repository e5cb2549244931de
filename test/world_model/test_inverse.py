"""Actions inferred from what was seen, by a model whose inverse is known."""

import numpy as np

from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.world_model.inverse import explained, infer, usual_step

SPEC = ObservationSpec((FieldSpec('arm', 2), FieldSpec('tool', 1)), 'tool', 0.1, 2, 0.1, 10)
EFFECT = np.array([[0.2, 0.05, 0.1], [0.0, 0.3, -0.1]])


class CubicModel:
    """Moves by a linear effect and a small cubic one."""

    spec = SPEC

    def encode(self, observation: np.ndarray) -> np.ndarray:
        return observation

    def predict(self, latent: np.ndarray, action: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return latent + (action + 0.1 * action ** 3) @ EFFECT, np.zeros(len(latent))


def seen(action: np.ndarray) -> np.ndarray:
    rows = [np.zeros(3)]
    for one in action:
        rows.append(rows[-1] + (one + 0.1 * one ** 3) @ EFFECT)
    return np.array(rows, np.float32)


def test_the_actions_that_were_done_are_found() -> None:
    done = np.random.default_rng(0).uniform(-0.9, 0.9, (20, 2)).astype(np.float32)
    rows = seen(done)
    usual = usual_step(SPEC, np.diff(rows, axis=0))
    found = infer(CubicModel(), rows, usual)
    np.testing.assert_allclose(found.action, done, atol=0.03)
    assert found.error < 0.002
    assert explained(CubicModel(), rows, -done, usual).error > 1.0


def test_what_no_action_does_is_left_unexplained() -> None:
    rows = seen(np.full((5, 2), 0.5))
    usual = usual_step(SPEC, np.diff(rows, axis=0))
    jumps = rows + 4.0 * np.arange(6)[:, None].astype(np.float32)
    found = infer(CubicModel(), jumps, usual)
    assert np.abs(found.action).max() <= 1.0
    assert found.error > 5.0
