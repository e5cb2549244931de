"""Running moments equal those of all the data; constants stay harmless."""

import numpy as np
import torch

from abm_ros.world_model.normaliser import CLIP, Normaliser, normalise


def test_moments_of_equal_batches_are_those_of_all_data() -> None:
    data = np.random.default_rng(0).normal([3.0, -100.0], [0.5, 2.0], size=(20, 64, 2))
    moments = Normaliser.create(2, 1e-3)
    for batch in data:
        moments = moments.update(torch.from_numpy(batch).float(), 0.0)
    flat = data.reshape(-1, 2)
    np.testing.assert_allclose(moments.mean.numpy(), flat.mean(0), rtol=1e-5)
    np.testing.assert_allclose(moments.scale.numpy(), flat.std(0), rtol=1e-3)


def test_a_constant_with_numerical_noise_stays_near_zero() -> None:
    noise = torch.from_numpy(np.random.default_rng(0).normal(size=(64, 1)) * 1e-7).float() + 0.5
    moments = Normaliser.create(1, 1e-3).update(noise, 0.0)
    assert float(normalise(moments.mean, moments.scale, noise).abs().max()) < 1e-2


def test_outliers_are_clipped() -> None:
    far = normalise(torch.zeros(1), torch.ones(1), torch.tensor([[1e9], [-1e9]]))
    assert far.flatten().tolist() == [CLIP, -CLIP]


def test_old_data_are_forgotten_at_the_slowest_rate() -> None:
    moments = Normaliser.create(1, 1e-3)
    for _ in range(50):
        moments = moments.update(torch.zeros(4, 1), 0.1)
    moments = moments.update(torch.ones(4, 1), 0.1)
    assert abs(float(moments.mean) - 0.1) < 1e-6
