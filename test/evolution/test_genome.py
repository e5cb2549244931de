"""The genome: into a vector and back, its bounds, and the files that it becomes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm_ros.common.errors import GenomeError
from abm_ros.common.share import table_text
from abm_ros.evolution.gene import LOG, Gene
from abm_ros.evolution.genome import Genome, Individual
from abm_ros.evolution.results import parameters_text
from abm_ros.lives.rows import read_rows
from abm_ros.lives.settings import LifeSettings, from_parameters
from abm_ros.meta.constraints import load_constraints
from abm_ros.meta.meta_control import MetaControl
from abm_ros.meta.phi import load_phi
from abm_ros.meta.phi_text import phi_text

ROWS = read_rows(table_text('', 'wiring.yaml'))
CONSTRAINTS = load_constraints(table_text('', 'constraints.yaml'), ROWS.modes)
PHI = load_phi(table_text('', 'phi.yaml'))
GENOME = Genome.of(PHI, LifeSettings(), CONSTRAINTS)


@settings(max_examples=10)
@given(st.integers(0, 2 ** 32 - 1))
def test_a_vector_becomes_files_and_the_files_the_vector(seed: int) -> None:
    place = np.random.default_rng(seed).random(len(GENOME))
    individual = GENOME.decode(place)
    phi = load_phi(phi_text(individual.phi))
    changes = from_parameters(parameters_text(individual.changes, 'x'), LifeSettings())
    assert (phi, changes) == (individual.phi, individual.changes)
    whole = [gene.whole for gene in GENOME.genes]
    again = GENOME.encode(Individual(phi, changes))
    np.testing.assert_allclose(again[~np.array(whole)], place[~np.array(whole)], atol=1e-12)
    assert np.abs(again - place).max() < 0.2      # of whole ones up to half a step


@pytest.mark.parametrize('corner', [0.0, 1.0])
def test_every_corner_can_be_lived(corner: float) -> None:
    """System M takes it, and so does every part."""
    individual = GENOME.decode(np.full(len(GENOME), corner))
    MetaControl(LifeSettings().system_m, individual.phi, ROWS, CONSTRAINTS)
    LifeSettings().changed(individual.changes)


def test_what_evolution_begins_with_is_what_is_written_by_hand() -> None:
    found = GENOME.decode(GENOME.encode(Individual(PHI, {})))
    assert load_phi(phi_text(found.phi)).modes.keys() == PHI.modes.keys()
    begin = dict(GENOME.table())
    for gene, value in begin.items():
        assert GENOME.values(found)[gene.name] == pytest.approx(value, rel=1e-9, abs=1e-9)
    assert begin[next(g for g in GENOME.genes if g.name == 'phi.task.bias')] == 0.5


def test_emergencies_may_only_become_stricter() -> None:
    by_name = {gene.name: gene for gene in GENOME.genes}
    assert by_name['phi.override.0.above'].high == PHI.overrides[0].above
    assert by_name['phi.override.2.below'].low == PHI.overrides[2].below
    assert by_name['phi.override.0.settle_s'].low == PHI.overrides[0].settle_s


def test_constraints_bound_dwell_and_plasticity() -> None:
    by_name = {gene.name: gene for gene in GENOME.genes}
    dwell = by_name['phi.play.min_dwell_s']
    assert (dwell.low, dwell.high) == (2.0, 30.0)
    strict = replace(CONSTRAINTS, ceilings={'plasticity_a': 0.5})
    tied = replace(PHI, modes={name: replace(policy, modulation=replace(
        policy.modulation, plasticity_a=0.5)) for name, policy in PHI.modes.items()})
    genes = {gene.name: gene for gene in Genome.of(tied, LifeSettings(), strict).genes}
    assert genes['phi.task.modulation.plasticity_a'].high == 0.5


@pytest.mark.parametrize(('values', 'said'), [
    ({'world.learning_rate': 0.5}, r'gene world.learning_rate: 0.5 is out of bounds, expected a '
     r'number in \[0.0003, 0.01\]'),
    ({'phi.task.bias': float('nan')}, 'phi.task.bias: nan is out of bounds'),
    ({'phi.task.bais': 0.0}, "there is no gene 'phi.task.bais'")])
def test_what_is_out_of_bounds_is_refused_in_one_line(values: dict, said: str) -> None:
    with pytest.raises(GenomeError, match=said) as caught:
        GENOME.express(values)
    assert '\n' not in str(caught.value)


def test_a_wrong_vector_or_phi_is_refused() -> None:
    with pytest.raises(GenomeError, match=f'expected {len(GENOME)} places'):
        GENOME.decode(np.zeros(3))
    with pytest.raises(GenomeError, match=r'place 1.5, expected one in \[0, 1\]'):
        GENOME.decode(np.full(len(GENOME), 1.5))
    with pytest.raises(GenomeError, match='phi has no play'):
        GENOME.values(Individual(replace(PHI, modes={'task': PHI.modes['task']}), {}))
    wild = replace(PHI, modes={**PHI.modes, 'task': replace(PHI.modes['task'], bias=9.0)})
    with pytest.raises(GenomeError, match=r'phi.task.bias: 9 is out of bounds'):
        GENOME.encode(Individual(wild, {}))
    with pytest.raises(GenomeError, match='genes: none is called'):
        Genome.of(PHI, LifeSettings(), CONSTRAINTS, ('nothing.*',))


def test_a_log_scale_has_equal_factors_at_equal_distances() -> None:
    gene = Gene('x', 0.01, 1.0, scale=LOG)
    assert [gene.decode(place) for place in (0.0, 0.5, 1.0)] == pytest.approx([0.01, 0.1, 1.0])
    assert gene.encode(0.1) == pytest.approx(0.5)
    with pytest.raises(GenomeError, match='above 0 on a log scale'):
        Gene('x', 0.0, 1.0, scale=LOG)
