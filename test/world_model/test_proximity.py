"""What is near to what the goal is about, where the answer is known."""

import numpy as np
import torch

from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.world_model import proximity
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.ensemble_learner import EnsembleLearner

SPEC = ObservationSpec((FieldSpec('tool', 3), FieldSpec('object', 2)), 'object', 0.1, 3, 0.05, 20)


def test_blocks_are_as_long_as_the_goal_and_lie_within_a_field() -> None:
    fields = (FieldSpec('a', 3), FieldSpec('b', 1), FieldSpec('g', 2), FieldSpec('c', 2),
              FieldSpec('d', 4, hidden=True), FieldSpec('eye', 12, (3, 2, 2)))
    spec = ObservationSpec(fields, 'g', 0.1, 3, 0.05, 20)
    assert proximity.blocks(spec) == [0, 1, 6]
    assert proximity.features(spec) == 9


def test_nothing_is_near_to_what_is_hidden_or_alone() -> None:
    for fields in ((FieldSpec('a', 4), FieldSpec('g', 1, hidden=True)), (FieldSpec('g', 2),)):
        spec = ObservationSpec(fields, 'g', 0.1, 3, 0.05, 20)
        assert proximity.features(spec) == 0
        model = EnsembleLearner.create(WorldModelConfig(), spec, 0).freeze()
        assert not any(name.startswith('near.') for name in model.params)
        latent = torch.randn(4, 5, 32)
        assert torch.equal(model.predict(latent, torch.ones(5, 3)), latent)
        assert torch.equal(model.proximity(latent[0]), torch.ones(5))


def test_nearness_is_a_gaussian_of_the_distance_in_tolerances_wherever_it_is() -> None:
    model = EnsembleLearner.create(WorldModelConfig(latent=8), SPEC, 0).freeze()
    params = model.params
    params['moments.mean'] = torch.tensor([0.3, -0.2, 0.1, 0.5, 2.0])
    params['moments.scale'] = torch.tensor([0.9, 2.0, 3.0, 1.1, 1.3])
    rng = np.random.default_rng(0)
    place = rng.uniform(-1, 1, (6, 2))
    for apart in ([0.0, 0.0], [0.1, -0.05], [3.0, 0.0]):
        seen = np.concatenate([place + apart, rng.uniform(5, 6, (6, 1)), place], axis=1)
        latent = model.encode(torch.from_numpy(seen).float())
        ready = params | proximity.prepare(params)
        first = proximity.near(ready, latent).unflatten(-1, (3, 2))[..., 0]     # the first block
        e = np.array(apart) / 0.1
        close = np.exp(-0.5 * (e @ e))
        np.testing.assert_allclose(first, np.tile([close, *(close * e)], (6, 1)), atol=1e-4)
        # Of the foremost block, which is the first one while the predictors heed neither.
        np.testing.assert_allclose(model.proximity(latent), np.full(6, np.exp(-2.0 * (e @ e))),
                                   atol=1e-4)


def test_gradients_reach_the_latent_and_leave_the_constants() -> None:
    state = EnsembleLearner.create(WorldModelConfig(latent=8), SPEC, 0)
    assert not any(p.requires_grad for n, p in state.params.items() if n.startswith('near.'))
    latent = torch.zeros(1, 8, requires_grad=True)
    proximity.near(state.params | proximity.prepare(state.params), latent).sum().backward()
    assert latent.grad is not None
    assert latent.grad[0, :5].abs().min() > 0


def test_the_block_that_is_heeded_most_is_foremost() -> None:
    """Weights (K, (1 + G) * O, hidden): of three blocks, the second one's are largest."""
    weights = torch.ones(2, 4 * 3, 5)
    weights[1, 2 * 3 + 1] = 3.0
    assert proximity.heeded(weights, 3) == 1
