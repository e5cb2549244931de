"""Figures of `abm bench teach`, from results made up here."""

import numpy as np
import pytest

from abm_ros.bench.teach.corrections import Corrector
from abm_ros.bench.teach.figures import of_corrections, of_one, of_teachers
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


def test_corrections_are_compared_with_as_many_steps_without() -> None:
    found = of_corrections([{'seed': n, 'without': 0.1 * n, 'with': 0.1 * n + 0.5}
                            for n in range(4)])['corrections']
    assert found['success_without'] == pytest.approx(0.15)
    assert found['success_with'] == pytest.approx(0.65)
    assert found['success_gain_ci95'] == pytest.approx([0.5, 0.5])
    assert of_corrections([]) == {}


def test_a_person_corrects_the_beginning_of_some_episodes() -> None:
    person = Corrector(lambda joints: joints + 1.0, 2, 10)
    asked = [[person(np.zeros(2), step, start + step) for step in range(8)]
             for start in (0, 10, 20, 30)]
    given = [[wanted is not None for wanted in episode] for episode in asked]
    assert given == [[False] * 8, [True] * 6 + [False] * 2, [True] * 6 + [False] * 2, [False] * 8]
    assert (person.given, person.steps) == (2, 12)


def test_the_dip_is_that_of_the_worst_point() -> None:
    pairs = [(Among(n, False, [0.5, 0.9]), Among(
        n, True, [0.4, 1.0], {'ann': 0.8, 'mallory': 0.2}, {'mallory': 4}, {'mallory': 3}))
        for n in range(2)]
    figures = of_teachers(pairs, (100, 200))
    assert figures['deceptive_dip'] == pytest.approx(0.1)
    assert figures['trust'] == {'ann': 0.8, 'mallory': 0.2}
    assert figures['lost_after'] == {'ann': [None, None], 'mallory': [3, 3]}
    assert of_teachers([], ()) == {}
