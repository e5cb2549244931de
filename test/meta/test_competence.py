"""Competence: the closed form of its posterior, and claims that fit what happens."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm_ros.meta.competence import Competence


def test_without_forgetting_it_is_the_beta_posterior_of_jeffreys() -> None:
    """After 7 of 10: mean 7.5 / 11, variance 7.5 x 3.5 / (11^2 x 12)."""
    made = Competence(1e12)
    for number in range(10):
        made.episode(number < 7)
    assert made.mean == pytest.approx(7.5 / 11)
    assert made.deviation == pytest.approx((7.5 * 3.5 / (121 * 12)) ** 0.5)


def test_before_anything_it_is_open_and_claims_nothing() -> None:
    made = Competence(20.0)
    assert (made.mean, made.calibration_error) == (0.5, 1.0)
    assert made.claimed == 0.0


@pytest.mark.parametrize('shape', ['learning', 'slowly', 'at once', 'breaking'])
@pytest.mark.parametrize('seed', range(5))
def test_claims_fit_over_200_episodes_from_bad_to_good(shape, seed) -> None:
    """Against robots whose true chance of success is known, as only a simulation knows it."""
    t = np.linspace(0.0, 1.0, 200)
    rates = {'learning': 1 / (1 + np.exp(-12 * (t - 0.5))), 'slowly': 0.02 + 0.96 * t,
             'at once': np.where(t < 0.5, 0.05, 0.95), 'breaking': 0.98 - 0.96 * t}[shape]
    rng, made, gaps = np.random.default_rng(seed), Competence(10.0), []
    for rate in rates:
        gaps.append(abs(made.mean - rate))
        made.episode(bool(rng.random() < rate))
    assert made.calibration_error <= 0.1
    assert np.mean(gaps) < 0.13


def test_who_claims_more_than_it_can_is_found_out() -> None:
    """A rate of 0.9 that turns into 0 with hardly any forgetting: the claims stay high."""
    made = Competence(1e9)
    for number in range(400):
        made.episode(number < 200 and number % 10 > 0)
    assert made.calibration_error > 0.3


@given(st.lists(st.booleans(), max_size=60), st.floats(1.0, 1e6))
def test_all_of_it_stays_in_the_unit_interval(outcomes, episodes) -> None:
    made = Competence(episodes)
    for outcome in outcomes:
        made.episode(outcome)
        for value in (made.mean, made.claimed, made.calibration_error):
            assert 0.0 <= value <= 1.0
        assert made.claimed <= made.mean
