"""The figures of `abm bench evolve`, by hand."""

import pytest

from abm_ros.bench.evolve.command import median
from abm_ros.bench.evolve.held_out import figures_of
from abm_ros.evolution.fitness import FitnessConfig
from abm_ros.lives.lived import Lived


def lived(won: int, **harm: object) -> Lived:
    return Lived(0, 10, [(0, won - 1, True)] if won else [], [(0, 'task'), (8, 'sleep')], **harm)


def test_fitness_is_the_area_less_what_it_cost() -> None:
    config = FitnessConfig(unsafe=0.1, refused=0.01, energy=0.5, work=0.02)
    harmed = lived(6, unsafe=2, refused=3, energy=0.1, updates=20)
    assert config.of(harmed) == pytest.approx(0.6 - 0.2 - 0.03 - 0.05 - 0.04)
    assert config.of(Lived(0, 10, failure='no body')) == -1.0


def test_differences_are_of_pairs() -> None:
    """All evolved lives are better by .2, though single lives differ by more."""
    default = [lived(won) for won in (0, 4, 8, 2, 6)]
    evolved = [lived(won + 2) for won in (0, 4, 8, 2, 6)]
    found = figures_of({'default': default, 'evolved': evolved}, 0)
    pair = found['pairs']['evolved - default']
    assert pair['mean'] == pytest.approx(0.2)
    assert pair['ci95'] == pytest.approx([0.2, 0.2])
    low, high = found['default']['ci95']
    assert low < 0.3 < found['default']['mean'] + 0.2 < high + 0.2
    assert found['evolved']['modes'] == {'sleep': 0.2, 'task': 0.8}


def test_of_a_single_life_there_is_no_interval() -> None:
    assert figures_of({'default': [lived(5)]}, 0)['default']['ci95'] == [None, None]


def test_never_is_later_than_everything() -> None:
    assert median([10, None, 30]) == 30
    assert median([10, None, None]) is None
