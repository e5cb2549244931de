"""The meta-states' arithmetic, against closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm_ros.common.scaling import clip_unit, saturating
from abm_ros.meta.signals.averages import Average
from abm_ros.meta.signals.epistemic import (
    collapse,
    learning_gain,
    novelty,
    prediction_error,
    uncertainty,
)
from abm_ros.meta.signals.somatic import SleepDebt, pain_from_effort
from abm_ros.meta.signals.species import looming
from abm_ros.robot.description import JointLimits

ANY = st.floats(allow_nan=True, allow_infinity=True)
LIMITS = JointLimits(('a', 'b'), np.zeros(2), np.ones(2), np.ones(2), np.array([10.0, 4.0]))


@given(ANY, ANY)
def test_every_signal_is_a_number_in_the_unit_interval(x, y) -> None:
    for value in (clip_unit(x), saturating(x), pain_from_effort(x), looming(x),
                  prediction_error(x), uncertainty(x), novelty(x), learning_gain(x, y, 0.2)):
        assert 0.0 <= value <= 1.0


@pytest.mark.parametrize(('function', 'points'), [
    (clip_unit, {-1.0: 0.0, 0.25: 0.25, 2.0: 1.0, math.nan: 0.0}),
    (saturating, {0.0: 0.0, 1.0: 0.5, 3.0: 0.75, -2.0: 0.0}),
    (prediction_error, {1.0: 1.0, 0.0: 0.0, 0.3: 0.3, 7.0: 1.0, math.nan: 1.0, math.inf: 1.0}),
    (uncertainty, {0.0: 0.0, 1.0: 0.5, math.nan: 1.0}),
    (novelty, {0.0: 0.0, 0.4: 0.4, math.nan: 1.0}),
    (looming, {-1.0: 0.0, 0.0: 0.0, 0.1: 0.05, 1.0: 0.5, 2.0: 1.0, 50.0: 1.0}),
    (pain_from_effort, {0.5: 0.0, 1.0: 0.0, 1.5: 0.5, 2.0: 1.0, 9.0: 1.0})])
def test_the_calibration_points(function, points) -> None:
    for x, y in points.items():
        assert function(x) == pytest.approx(y)


def test_the_largest_share_of_a_limit_counts_and_unknown_efforts_do_not() -> None:
    assert LIMITS.effort_ratio({'a': -5.0, 'b': 1.0}) == 0.5
    assert LIMITS.effort_ratio({'b': -3.0, 'x': 99.0}) == 0.75
    assert LIMITS.effort_ratio({'a': math.nan, 'b': 1.0}) == 0.25
    assert LIMITS.effort_ratio({}) == 0.0


def test_learning_gain_is_the_relative_fall_and_none_of_a_negligible_error() -> None:
    assert learning_gain(0.8, 0.6, 0.2) == pytest.approx(0.2)
    assert learning_gain(0.2, 0.0, 0.2) == pytest.approx(0.5)
    assert learning_gain(0.5, 0.5, 0.2) == learning_gain(0.5, 0.9, 0.2) == 0.0
    assert learning_gain(0.0, 0.0, 0.2) == 0.0
    assert learning_gain(0.02, 0.002, 0.18) == pytest.approx(0.09)


@given(st.floats(1.0, 100.0), st.floats(0, 10), st.integers(1, 50))
def test_the_average_closes_in_exponentially(samples, target, count) -> None:
    average = Average(samples)
    average.update(0.0)
    for _ in range(count):
        average.update(target)
    assert average.value == pytest.approx(target * (1 - (1 - 1 / samples) ** count), abs=1e-9)


def test_what_is_not_a_number_leaves_the_average_alone() -> None:
    average = Average(2.0)
    assert math.isnan(average.update(math.nan))
    assert average.update(4.0) == 4.0
    assert average.update(math.inf) == 4.0


def test_sleep_pressure_fills_and_empties() -> None:
    pressure = SleepDebt(capacity=100.0, replays=10.0)
    pressure.wake(50)
    assert pressure.value == 0.5
    pressure.consolidate(200)          # 20 transitions' worth
    assert pressure.value == pytest.approx(0.3)
    pressure.consolidate(1e6)
    assert pressure.value == 0.0
    pressure.wake(1e6)
    assert pressure.value == 1.0
    pressure.wake(-5)
    pressure.consolidate(-5)
    assert pressure.load == 1e6


def test_a_plateau_is_told_from_a_collapse() -> None:
    """The error may stand still in both; only the latents' rank tells them apart."""
    rng = np.random.default_rng(0)
    seen = rng.standard_normal((400, 6))
    healthy = seen @ np.linalg.qr(rng.standard_normal((6, 6)))[0]
    shrunk = np.outer(seen[:, 0], rng.standard_normal(6))
    ranks = {name: rank(latents) for name, latents in
             (('seen', seen), ('healthy', healthy), ('shrunk', shrunk))}
    assert learning_gain(0.4, 0.4, 0.2) == 0.0
    assert collapse(ranks['healthy'], ranks['seen']) == pytest.approx(0.0, abs=1e-6)
    assert collapse(ranks['shrunk'], ranks['seen']) == pytest.approx(1.0, abs=1e-6)
    half = np.concatenate([seen[:, :3], np.zeros((400, 3))], axis=1)
    assert collapse(rank(half), ranks['seen']) == pytest.approx(3 / 5, abs=0.05)
    assert collapse(math.nan, 5.0) == collapse(3.0, 1.0) == collapse(0.0, 0.0) == 0.0


def rank(vectors) -> float:
    """Roy and Vetterli's effective rank, from scratch."""
    values = np.linalg.svd(vectors - vectors.mean(axis=0), compute_uv=False)
    share = values[values > 1e-12] / values.sum()
    return float(np.exp(-(share * np.log(share)).sum()))
