"""Motor babbling against the distribution that it is to have."""

import numpy as np

from abm_ros.policy.babble import Babble


def test_babbling_is_uniform_and_correlated() -> None:
    """A uniform variable on [-1, 1] has variance 1/3; the Gaussian beneath correlates."""
    babble = Babble(np.random.default_rng(0), 3, 0.4)
    noise = np.array([babble.step() for _ in range(20000)])
    counts = np.stack([np.histogram(column, 10, (-1, 1))[0] for column in noise.T]) / len(noise)
    assert np.abs(counts - 0.1).max() < 0.015
    assert np.abs(noise.var(0) - 1 / 3).max() < 0.02
    lag = (noise[1:] * noise[:-1]).mean(0) * 3
    expected = 6 / np.pi * np.arcsin(0.4 / 2)     # of Gaussian ranks, Pearson 1907
    assert np.abs(lag - expected).max() < 0.03
