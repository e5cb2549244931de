"""Which genes mattered is seen in the individuals that lived."""

import numpy as np
import pytest

from abm_ros.evolution.sensitivity import sensitivity


def generation(rng: np.random.Generator, offset: float) -> dict:
    places = rng.uniform(size=(30, 3))
    fitness = offset + places[:, 1] - 0.5 * places[:, 2] + 0.01 * rng.normal(size=30)
    return {'places': places.tolist(), 'fitness': [[f, 9.0] for f in fitness]}


def test_the_gene_that_decides_comes_first_and_its_interval_excludes_none() -> None:
    """Generations live other lives: only what differs within one counts."""
    rng = np.random.default_rng(0)
    found = sensitivity(['a', 'b', 'c'], [generation(rng, offset) for offset in (0.0, 5.0, -3.0)])
    assert [row['name'] for row in found] == ['b', 'c', 'a']
    assert found[0]['correlation'] > 0.7
    assert found[0]['ci95'][0] > 0.5
    assert found[1]['ci95'][1] < 0.0
    assert abs(found[2]['correlation']) < 0.3      # of chance


@pytest.mark.parametrize('fitness', [[[0.5]] * 4, []])
def test_where_nothing_differed_nothing_is_said(fitness: list) -> None:
    rng = np.random.default_rng(0)
    places = rng.uniform(size=(len(fitness), 2)).tolist()
    generations = [{'places': places, 'fitness': fitness}] if fitness else []
    assert sensitivity(['a', 'b'], generations) == []
