"""Figures of `abm bench teach`, from results made up here."""

import pytest

from abm_ros.bench.teach.figures import of_one, of_teachers
from abm_ros.bench.teach.run import Among


def test_success_without_and_with_one_demonstration() -> None:
    found = [{'seed': n, 'without': without, 'with_actions': 1.0, 'action_free': 0.8,
              'other_arm': 0.6} for n, without in enumerate((0.0, 0.2, 0.4))]
    figures = of_one(found)
    assert figures['success_without'] == pytest.approx(0.2)
    low, high = figures['success_without_ci95']
    assert 0.0 <= low < 0.2 < high <= 0.4
    assert (figures['success_with_1'], figures['success_action_free']) == (1.0, 0.8)
    assert of_one([]) == {}


def test_the_dip_is_that_of_the_worst_point() -> None:
    pairs = [(Among(n, False, [0.5, 0.9]), Among(
        n, True, [0.4, 1.0], {'ann': 0.8, 'mallory': 0.2}, {'mallory': 4}, {'mallory': 3}))
        for n in range(2)]
    figures = of_teachers(pairs, (100, 200))
    assert figures['deceptive_dip'] == pytest.approx(0.1)
    assert figures['trust'] == {'ann': 0.8, 'mallory': 0.2}
    assert figures['lost_after'] == {'ann': [None, None], 'mallory': [3, 3]}
    assert of_teachers([], ()) == {}
