"""An evolution, with lives that are a function of the genome: it climbs, races and resumes."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip('cma')

from abm_ros.bodies.shift.script import Event, LifeScript
from abm_ros.common.errors import ConfigError, EvolutionError
from abm_ros.common.share import table_text
from abm_ros.evolution.checkpoint import Folder
from abm_ros.evolution.evolve import Evolution, EvolutionConfig
from abm_ros.evolution.fitness import FitnessConfig
from abm_ros.evolution.genome import Genome
from abm_ros.evolution.job import Job
from abm_ros.evolution.results import write_results
from abm_ros.evolution.workers import Done
from abm_ros.lives.lived import Lived
from abm_ros.lives.rows import read_rows
from abm_ros.lives.settings import LifeSettings, from_parameters
from abm_ros.meta.constraints import load_constraints
from abm_ros.meta.phi import load_phi

SCRIPTS = [LifeScript('gym:Odd/Point-v0', 100, ()),
           LifeScript('gym:Odd/Point-v0', 100, (Event(50, 'gain', -1.0),))]
PHI = load_phi(table_text('', 'phi.yaml'))
GENES = ('phi.task.bias', 'world.learning_rate')
WANTED = 1.2      # the best bias of task, and 4e-3 the best learning rate


class Valley:
    """Lives whose area falls with the distance from the best genes."""

    def __init__(self, *, fails: bool = False) -> None:
        self.jobs: list[Job] = []
        self._fails = fails

    def run(self, jobs: Sequence[Job], done: Done) -> list[Lived]:
        self.jobs += jobs
        lived = [self._live(job) for job in jobs]
        for one in lived:
            done(one)
        return lived

    def _live(self, job: Job) -> Lived:
        if self._fails:
            return Lived(job.seed, 100, failure='the body is broken')
        bias = re.search(r'^  task:\n    bias: (.+)$', job.phi, re.MULTILINE)
        assert bias is not None
        off = abs(float(bias[1]) - WANTED)
        off += 100 * abs(job.changes.get('world', {}).get('learning_rate', 2e-3) - 4e-3)
        won = max(0, 90 - round(30 * off))
        return Lived(job.seed, 100, [(0, won - 1, True)] if won else [])

    def close(self) -> None:
        pass


def evolution(folder: Path, **changes: object) -> Evolution:
    modes = read_rows(table_text('', 'wiring.yaml')).modes
    genome = Genome.of(PHI, LifeSettings(), load_constraints('', modes), GENES)
    config = EvolutionConfig(**{'generations': 6, 'population': 6, 'lives': 3, 'spread': 0.2,
                                **changes})
    return Evolution(config, genome, SCRIPTS, {'world': {'batch': 64}}, FitnessConfig(),
                     Folder(folder))


class KilledError(Exception):
    pass


def kept(folder: Path) -> list[dict]:
    return [json.loads(file.read_text()) for file in sorted(folder.glob('generations/*.json'))]


def test_it_finds_better_genes_and_writes_them(tmp_path: Path) -> None:
    valley = Valley()
    made = evolution(tmp_path / 'a', generations=12)
    evolved = made.run(valley, lambda _: None, lambda _: None)
    report = write_results(tmp_path / 'a', made._genome, evolved)
    assert report['final']['winner'] != 'reference'
    fitness = report['final']['fitness']
    assert fitness[report['final']['winner']][0] > fitness['reference'][0] + 0.1
    phi = load_phi((tmp_path / 'a/phi.yaml').read_text())
    assert abs(phi.modes['task'].bias - WANTED) < abs(PHI.modes['task'].bias - WANTED)
    changes = from_parameters((tmp_path / 'a/parameters.yaml').read_text(), LifeSettings())
    assert changes.keys() == {'world'}
    assert changes['world'].keys() == {'learning_rate'}      # not what all lives had
    assert all(job.changes['world']['batch'] == 64 for job in valley.jobs)


@pytest.mark.parametrize('last', [1, 4])
def test_killed_and_resumed_it_is_the_same(tmp_path: Path, last: int) -> None:
    def dies(told: object) -> None:
        if told.number == last:
            raise KilledError

    whole = evolution(tmp_path / 'whole').run(Valley(), lambda _: None, lambda _: None)
    with pytest.raises(KilledError):
        evolution(tmp_path / 'killed').run(Valley(), lambda _: None, dies)
    (tmp_path / 'killed/generations/.0003.json.xyz').write_text('half of a gen')
    assert len(kept(tmp_path / 'killed')) == last
    resumed = evolution(tmp_path / 'killed').run(Valley(), lambda _: None, lambda _: None,
                                                 resume=True)
    assert kept(tmp_path / 'killed') == kept(tmp_path / 'whole')
    assert resumed == whole


def test_races_spend_lives_on_the_better_half(tmp_path: Path) -> None:
    valley = Valley()
    evolution(tmp_path, generations=1).run(valley, lambda _: None, lambda _: None)
    generation = kept(tmp_path)[0]
    assert sorted(map(len, generation['fitness'])) == [1, 1, 1, 2, 3, 3]
    best = generation['costs'].index(0)
    assert len(generation['fitness'][best]) == 3
    first = [each[0] for each in generation['fitness']]
    assert len(generation['fitness'][first.index(min(first))]) == 1
    # Common random numbers: the first life is the same for all, and so are the reference's three.
    assert len({(job.seed, job.script) for job in valley.jobs[:6]}) == 1
    reference = valley.jobs[6 + 3 + 2:][:3]
    assert {job.seed for job in reference} == {job.seed for job in valley.jobs[:6 + 3 + 2]}


def test_lives_grow_more_diverse(tmp_path: Path) -> None:
    valley = Valley()
    evolution(tmp_path).run(valley, lambda _: None, lambda _: None)
    first, last = valley.jobs[:6], valley.jobs[-12:]
    assert all(job.script == SCRIPTS[0] for job in first)
    shifts = {job.script.events for job in last if job.script.events}
    assert shifts
    assert all(events != SCRIPTS[1].events for events in shifts)


def test_another_evolution_in_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvolutionError, match='holds no evolution to go on with'):
        evolution(tmp_path).run(Valley(), lambda _: None, lambda _: None, resume=True)
    evolution(tmp_path).run(Valley(), lambda _: None, lambda _: None)
    with pytest.raises(EvolutionError, match='holds an evolution already'):
        evolution(tmp_path).run(Valley(), lambda _: None, lambda _: None)
    with pytest.raises(EvolutionError, match='asked for with another seed'):
        evolution(tmp_path, seed=1).run(Valley(), lambda _: None, lambda _: None, resume=True)


def test_where_nobody_can_live_it_says_why(tmp_path: Path) -> None:
    with pytest.raises(EvolutionError, match='no individual can live: the body is broken'):
        evolution(tmp_path).run(Valley(fails=True), lambda _: None, lambda _: None)


def test_an_unknown_strategy_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'simplex' is unknown, expected one of cma, sep-cma"):
        evolution(tmp_path, strategy='simplex')
