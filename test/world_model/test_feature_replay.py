"""What is kept of seen frames, and what is learned from it."""

import numpy as np
import torch

from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Batch
from abm_ros.world_model import distance, latent_model
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.ensemble_learner import EnsembleLearner
from abm_ros.world_model.feature_replay import DRAWN, WINDOWS, FeatureReplay
from abm_ros.world_model.losses import recollected

SPEC = ObservationSpec((FieldSpec('here', 2), FieldSpec('far', 1, hidden=True),
                        FieldSpec('camera', 192, (3, 8, 8))), 'far', 0.05, 2, 0.05, 20)


def windows(first: int, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Number windows, and mark each of its parts with its number."""
    number = torch.arange(first, first + count).float()
    return (number.view(-1, 1, 1).expand(-1, 2, 3), number.view(-1, 1, 1).expand(-1, 2, 2),
            number % 2)


def test_the_newest_are_kept_and_parts_stay_together() -> None:
    kept = FeatureReplay(3, 2, 0)
    for first in range(0, WINDOWS + 2000, 700):
        kept.take(*windows(first, 700))
    last = first + 700
    drawn = set[float]()
    for _ in range(100):
        seen, truth, whole = kept.draw()
        assert seen.shape == (DRAWN, 2, 3)
        assert (seen[..., :2] == truth).all()
        assert (seen[:, 0, 0] % 2 == whole).all()
        drawn |= set(seen[:, 0, 0].tolist())
    assert min(drawn) >= last - WINDOWS
    assert max(drawn) < last
    assert len(drawn) > 0.8 * WINDOWS


def test_draws_are_decided_by_the_seed_and_of_what_is_held() -> None:
    one, same, other = (FeatureReplay(3, 2, s) for s in (1, 1, 2))
    for kept in (one, same, other):
        kept.take(*windows(5, 40))
    first = one.draw()[0]
    assert (first == same.draw()[0]).all()
    assert (first != other.draw()[0]).any()
    assert set(first[:, 0, 0].tolist()) <= set(range(5, 45))


def test_terms_of_recollected_frames() -> None:
    model = EnsembleLearner.create(WorldModelConfig(), SPEC, 0).freeze()
    params = latent_model.prepare(model.params, SPEC)
    size = params['readout.skip'].shape[0]
    latent = torch.randn(6, 2, size, generator=torch.Generator().manual_seed(1))
    truth = latent_model.readout(params, latent.flatten(0, 1)).view(6, 2, 3)
    truth[..., :2] += 7.0                      # is the business of other terms
    still = latent[:, :1].expand(-1, 2, -1)
    terms = recollected(params, latent, truth, torch.ones(6))
    assert float(terms['distance']) < 1e-9
    assert float(terms['slowness']) > 0.01
    off = truth + torch.tensor([0.0, 0.0, 2.0])
    np.testing.assert_allclose(recollected(params, latent, off, torch.ones(6))['distance'],
                               2 * (5 ** 0.5 - 1), rtol=1e-5)
    assert float(recollected(params, still, truth, torch.ones(6))['slowness']) < 1e-9
    # What moves between episodes is no motion.
    apart = torch.tensor([1.0, 0, 0, 0, 0, 0])
    only = recollected(params, latent[:1], truth[:1], torch.ones(1))['slowness']
    np.testing.assert_allclose(recollected(params, latent, truth, apart)['slowness'], only)


def test_learning_recollects_where_pictures_tell_a_distance() -> None:
    rng = np.random.default_rng(0)
    batch = Batch(rng.random((4, 4, SPEC.size), np.float32), rng.random((4, 3, 2), np.float32),
                  np.ones((4, 3), np.float32), np.zeros((4, 1), np.float32))
    runs = []
    for _ in range(2):
        state = EnsembleLearner.create(WorldModelConfig(), SPEC, 0)
        runs.append([state.learn(batch)['distance'] for _ in range(30)])
    assert runs[0] == runs[1]
    assert runs[0][-1] < runs[0][0]
    assert distance.pictures(state.params)
    blind = ObservationSpec(SPEC.fields[:2], 'far', 0.05, 2, 0.05, 20)
    assert EnsembleLearner.create(WorldModelConfig(), blind, 0).feature_replay is None
