import numpy as np
import pytest

from abm_ros.bench.learn.curve import (
    Curve,
    Score,
    evaluation_steps,
    first_of_two,
    is_settled,
    median,
    summarise,
)
from abm_ros.common.errors import ConfigError


@pytest.mark.parametrize(('success', 'expected'), [
    ([0.0, 0.95, 0.95, 1.0], 200),             # at the threshold counts; the first of the two
    ([0.96, 0.94, 1.0, 1.0], 300),             # one alone does not
    ([0.0, 0.5, 0.9, 1.0], None),              # nor the last alone
    ([1.0, 0.9, 1.0, 0.9], None),
    ([1.0, 1.0, 0.0, 0.0], 100),               # what comes after does not matter
    ([1.0], None), ([], None)])
def test_first_of_two_consecutive_evaluations(success, expected):
    curve = [(100 * (n + 1), s) for n, s in enumerate(success)]
    assert first_of_two(curve, 0.95) == expected


def test_nineteen_of_twenty_are_a_share_of_095():
    assert first_of_two([(5, 19 / 20), (10, 19 / 20)], 0.95) == 5


def test_native_and_strict_are_counted_apart():
    scores = tuple(Score(n, native, strict) for n, native, strict in
                   [(25, 1.0, 0.1), (50, 1.0, 0.96), (75, 0.2, 0.97), (100, 1.0, 0.2)])
    curve = Curve(3, scores)
    assert curve.steps_to(0.95) == 25
    assert curve.steps_to(0.95, 'strict') == 50
    assert not is_settled(scores[:2], 0.95)
    assert is_settled(scores[:3], 0.95)
    figures = summarise([curve, Curve(4, scores[2:])], 0.95)
    assert figures['steps_to_threshold'] == [25, None]
    assert figures['median'] is None
    assert figures['spread'] == [25, None]
    assert figures['strict_steps_to_threshold'] == [50, None]
    assert figures['curve'][0] == {
        'seed': 3, 'steps': [25, 50, 75, 100], 'native': [1.0, 1.0, 0.2, 1.0],
        'strict': [0.1, 0.96, 0.97, 0.2], 'wall_s': 0.0, 'step_ms': {}}


@pytest.mark.parametrize(('values', 'expected'), [
    ([75, 50, 100], 75.0), ([50, 100], 75.0), ([None, 50, 60], 60.0), ([None, None, 50], None),
    ([50, None], None), ([None], None), ([], None)])
def test_what_never_learned_counts_as_later_than_all(values, expected):
    assert median(values) == expected


def test_evaluations_are_dense_at_first_and_end_with_the_budget():
    points = evaluation_steps(1_000)
    assert points[:14] == [*range(10, 101, 10), 125, 150, 175, 200]
    assert points[-6:] == [500, 600, 700, 800, 900, 1000]
    assert evaluation_steps(20_000)[-3:] == [18_000, 19_000, 20_000]
    assert evaluation_steps(35) == [10, 20, 30, 35]
    assert evaluation_steps(1_000, 400) == [400, 800, 1000]
    for budget in (1, 333, 12_345, 1_000_000):
        many = evaluation_steps(budget)
        assert many[-1] == budget
        assert (np.diff([0, *many]) > 0).all()
        assert len(many) < 200


@pytest.mark.parametrize(('budget', 'every'), [(0, None), (100, 0), (-5, 10)])
def test_no_evaluations_are_refused(budget, every):
    with pytest.raises(ConfigError, match='at least 1 step'):
        evaluation_steps(budget, every)
