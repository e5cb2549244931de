"""The figures of the imagination benchmark, against means by hand."""

import pytest

from abm_ros.bench.imagine.figures import of_speed, of_success


def score(native, strict=0.0):
    return {'native': native, 'strict': strict}


def pair(seed, without, with_, bad=0.5):
    cell = {'without': score(0.5), 'with': score(0.5), 'unguarded': score(bad),
            'dreamt': {'transitions': 0}}
    return {'seed': seed, 'transitions': 50, 'before': score(0.5), 'without': score(without),
            'with': score(with_, 0.25), 'dreamt': {'error': 0.4, 'transitions': 100},
            'damaged': {'mirrored': cell}}


def test_differences_are_paired_by_seed():
    found = of_success([pair(0, 0.2, 0.6), pair(1, 0.6, 1.0), pair(2, 0.1, 0.5, bad=0.2)])
    assert found['success_without'] == pytest.approx(0.3)
    assert found['success_with'] == pytest.approx(0.7)
    assert found['success_with_strict'] == pytest.approx(0.25)
    assert found['gain']['mean'] == pytest.approx(0.4)
    assert found['gain']['ci95'] == pytest.approx([0.4, 0.4])      # the same for each seed
    assert found['real_steps'] == 0
    damaged = found['damaged_mirrored']
    assert damaged['dreamt'] == 0
    assert damaged['with_native']['mean'] == 0.0
    assert damaged['unguarded_native']['mean'] == pytest.approx(-0.1)
    assert damaged['least_difference'] == 0.0


def test_the_ratio_is_of_turns_that_were_taken_together():
    found = of_speed([(100.0, 200.0), (50.0, 50.0), (300.0, 400.0)])
    assert found['ratio'] == pytest.approx(0.75)
    assert found['transitions_per_s'] == 100
    assert found['in_process_transitions_per_s'] == 200
