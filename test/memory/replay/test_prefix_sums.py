"""Draws in proportion to weights, against the weights themselves."""

import numpy as np
import pytest

from abm_ros.memory.replay.prefix_sums import PrefixSums


@pytest.mark.parametrize('capacity', [1, 5, 16, 17, 300, 5000])
def test_draws_are_proportional(capacity: int) -> None:
    rng = np.random.default_rng(capacity)
    sums, weights = PrefixSums(capacity), np.zeros(capacity)
    for _ in range(5):
        places = rng.integers(0, capacity, 50)
        places = np.unique(places)
        weights[places] = rng.random(len(places)) * (rng.random(len(places)) < 0.7)
        sums.set(places, weights[places])
    weights[0] = 1.0
    sums.set(np.array([0]), np.array([1.0]))
    assert sums.total == pytest.approx(weights.sum())
    drawn = np.bincount(sums.draw(rng, 100_000), minlength=capacity)
    expected = 100_000 * weights / weights.sum()
    assert (drawn[weights == 0] == 0).all()
    some = expected > 0
    # Chi-squared: its mean is the degrees of freedom n, its deviation the root of 2 n.
    freedom = max(1, int(some.sum()) - 1)
    chi2 = float((((drawn - expected) ** 2)[some] / expected[some]).sum())
    assert chi2 < freedom + 5 * (2 * freedom) ** 0.5


def test_a_lone_weight_is_always_drawn() -> None:
    sums = PrefixSums(1000)
    sums.set(np.array([999]), np.array([1e-12]))
    assert set(sums.draw(np.random.default_rng(0), 1000)) == {999}
