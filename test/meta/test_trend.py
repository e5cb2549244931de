"""Trends among noise: a rise is found, waves and noise are not taken for one."""

import numpy as np
import pytest

from abm_ros.meta.trend import Trend


def course(values, block_s: float = 10.0) -> Trend:
    trend = Trend(block_s)
    for value in values:
        trend.take(float(value), 1.0)
    return trend


@pytest.mark.parametrize('count', [60, 400, 5000])
def test_a_clean_rise_is_told_whole(count) -> None:
    """Block means lie half a block within both ends; 0.6 from end to end."""
    found = course(np.linspace(0.0, 0.6, count)).rise
    assert 0.6 * 5 / 6 - 1e-9 <= found < 0.6
    assert course(np.linspace(0.6, 0.0, count)).rise == 0.0
    assert course(np.full(count, 0.4)).rise == 0.0


def test_too_few_blocks_say_nothing() -> None:
    assert course(np.linspace(0.0, 1.0, 59)).rise == 0.0


def test_a_rise_under_noise_is_found_and_noise_is_not_one() -> None:
    rng = np.random.default_rng(0)
    found = [course(np.linspace(0.0, 0.6, 400) + 0.3 * rng.normal(size=400)).rise
             for _ in range(50)]
    assert np.mean(found) == pytest.approx(0.6 * 39 / 40, rel=0.1)
    assert min(found) > 0.0
    false = [course(0.3 * rng.normal(size=400)).rise > 0.0 for _ in range(400)]
    assert np.mean(false) < 0.03      # one-sided at 2.5 standard errors: 0.006


def test_waves_of_an_average_are_hardly_ever_a_rise() -> None:
    """An average over 50 s looks like a trend for most of the time in blocks of 10 s."""
    rng, naive, ours = np.random.default_rng(1), 0, 0
    for _ in range(300):
        value, values = 0.0, []
        for shock in rng.normal(size=400):
            value += (shock - value) / 50.0
            values.append(value)
        trend = course(values)
        means, times = np.array(trend.means), np.arange(len(trend.means))
        line = np.polyfit(times, means, 1, cov=True)
        naive += line[0][0] > 2.5 * np.sqrt(line[1][0, 0])
        ours += trend.rise > 0.0
    assert naive > 3 * ours
    assert ours / 300 < 0.12


def test_a_long_life_needs_no_more_memory() -> None:
    trend = course(np.linspace(0.0, 1.0, 100_000), 1.0)
    assert len(trend.means) < 48
    trend.restart()
    assert trend.means == []
