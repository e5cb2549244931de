"""The model's functions where their values are known."""

import numpy as np
import pytest
import torch
from tiny_bodies import LinearSystem

from abm_ros.common.errors import ConfigError
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.world_model import latent_model
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.ensemble import EnsembleModel
from abm_ros.world_model.ensemble_learner import EnsembleLearner


def wide_spec(size: int) -> ObservationSpec:
    return ObservationSpec((FieldSpec('a', size - 2), FieldSpec('g', 2)), 'g', 0.1, 3, 0.05, 20)


def made(config: WorldModelConfig, spec: ObservationSpec) -> EnsembleModel:
    return EnsembleLearner.create(config, spec, 0).freeze()


def test_a_new_encoder_loses_nothing_and_its_readout_inverts_it() -> None:
    model = made(WorldModelConfig(latent=16), wide_spec(9))
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(50, 9))).float()
    latent = model.encode(x)
    torch.testing.assert_close(model.readout(latent), x, atol=1e-5, rtol=0)
    np.testing.assert_allclose(latent.norm(dim=1) / x.norm(dim=1), 1.0, rtol=1e-5)


def test_a_large_observation_is_projected() -> None:
    model = made(WorldModelConfig(latent=8), wide_spec(40))
    assert model.encode(torch.randn(5, 40)).shape == (5, 8)


def test_what_is_hidden_does_not_reach_the_latent_and_is_read_out_all_the_same() -> None:
    spec = ObservationSpec((FieldSpec('a', 3), FieldSpec('g', 2, hidden=True),
                            FieldSpec('camera', 48, (3, 4, 4))), 'g', 0.1, 3, 0.05, 20)
    model = made(WorldModelConfig(latent=4, image_latent=10), spec)
    seen = torch.rand(6, spec.size)
    other = seen.clone()
    other[:, 3:5] += 1.0
    latent = model.encode(seen)
    assert latent.shape == (6, 14)
    assert torch.equal(latent, model.encode(other))
    assert model.readout(latent).shape == (6, 5)
    other[:, 20] += 1.0
    assert not torch.equal(latent, model.encode(other))


def test_new_predictors_predict_no_change() -> None:
    model, latent = made(WorldModelConfig(), LinearSystem().spec), torch.randn(4, 5, 32)
    assert torch.equal(model.predict(latent, torch.ones(5, 3)), latent)


def test_disagreement_counts_typical_steps() -> None:
    """Two members 2 typical steps apart in every dimension deviate by 1 step from their mean."""
    params = {'moments.step': torch.full((8,), 0.25)}
    latent = torch.stack([torch.zeros(3, 8), torch.full((3, 8), 0.5)])
    torch.testing.assert_close(latent_model.disagreement(params, latent), torch.ones(3))
    assert latent_model.disagreement(params, latent[:1]).tolist() == [0.0, 0.0, 0.0]


def test_the_goal_is_read_in_its_own_units() -> None:
    spec = wide_spec(5)
    model = made(WorldModelConfig(), spec)
    params = model.params
    params['moments.mean'] = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    params['moments.scale'] = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5])
    seen = torch.tensor([[1.0, 2.1, 2.9, 4.2, 5.3]])
    goal = model.achieved(model.encode(seen))
    torch.testing.assert_close(goal, seen[:, 3:], atol=1e-5, rtol=0)


@pytest.mark.parametrize('bad', [{'latent': 1}, {'members': 0}, {'learning_rate': 0.0},
                                 {'bootstrap': 1.5}, {'horizon': 2.5}])
def test_bad_settings_are_refused(bad: dict) -> None:
    with pytest.raises(ConfigError):
        WorldModelConfig(**bad)
