"""The story of an evolution, in one file: generations of individuals, their lives, their heirs."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from abm_ros.bodies.shift.script import LifeScript
from abm_ros.common.config import check, setting
from abm_ros.common.errors import EvolutionError
from abm_ros.evolution.checkpoint import Folder
from abm_ros.evolution.curriculum import lives_of
from abm_ros.evolution.fitness import FitnessConfig
from abm_ros.evolution.genome import Changes, Genome, Individual
from abm_ros.evolution.race import Raced, Runner, race
from abm_ros.evolution.strategy import Strategy, make_strategy
from abm_ros.evolution.workers import Workers
from abm_ros.lives.lived import Lived
from abm_ros.meta.phi_text import phi_text

_FINAL_SEED = 1_000_000_007     # of the last race: lives that nobody was selected by


@dataclass(frozen=True)
class EvolutionConfig:
    """How long, how many and how an evolution goes."""

    generations: int = setting(10, 'Generations.', low=1, high=100_000)
    population: int = setting(8, 'Individuals of a generation.', low=2, high=100_000)
    lives: int = setting(3, 'Lives that the best of a generation live; others fewer.',
                         low=1, high=1000)
    final_lives: int = setting(
        4, 'Lives of the last race, between what the strategy takes for the best, the best of the '
        'last generation and what evolution began with.', low=1, high=1000)
    seed: int = setting(0, 'Seed of everything.', low=0)
    strategy: str = setting('sep-cma', 'Name of the strategy (abm_ros.strategies).')
    spread: float = setting(0.1, 'First standard deviation of genes, of the way between their '
                            'bounds.', low=1e-4, high=1.0)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class Told:
    """What is told of a generation as it ends; `reference` is what evolution began with."""

    number: int
    best: float
    mean: float
    spread: float
    reference: float
    lives: int
    elapsed_s: float


@dataclass
class Evolved:
    """The result: the winner of the last race, and all generations as they were kept."""

    winner: Individual
    final: dict[str, Any]
    generations: list[dict[str, Any]] = field(default_factory=list)


class Evolution:
    """
    One evolution.

    :param base: changes of the usual settings that all lives have, by part.
    :param innate: file of innate models, '' for none.
    """

    def __init__(self, config: EvolutionConfig, genome: Genome, scripts: Sequence[LifeScript],
                 base: Changes, fitness: FitnessConfig, folder: Folder, innate: str = '') -> None:
        if not scripts:
            raise EvolutionError('lives: expected at least one script of a life')
        self._config, self._genome, self._scripts = config, genome, list(scripts)
        self._base, self._fitness, self._folder, self._innate = base, fitness, folder, innate
        self._strategy: Strategy = make_strategy(
            config.strategy, genome.encode(Individual(genome.phi, {})), config.population,
            config.spread, config.seed)
        self._reference = self._runner(Individual(genome.phi, {}))

    def run(self, workers: Workers, done: Callable[[Lived], None],
            told: Callable[[Told], None], *, resume: bool = False) -> Evolved:
        """
        Evolve to the end.

        :param done: is told of each life as it ends.
        :param told: of each generation.
        :param resume: go on after the last generation that the folder holds.
        :raises EvolutionError: the folder holds another evolution; or no individual can live.
        """
        self._folder.begin(self._asked(), resume=resume)
        generations = self._folder.finished()
        for number, kept in enumerate(generations, 1):
            self._tell_again(number, kept)
        for number in range(len(generations) + 1, self._config.generations + 1):
            began_s = time.monotonic()
            generation = self._live(number, workers, done)
            self._folder.finish(number, generation)
            generations.append(generation)
            told(_told(number, generation, time.monotonic() - began_s))
        return self._finish(workers, done, generations)

    def _live(self, number: int, workers: Workers, done: Callable[[Lived], None]
              ) -> dict[str, Any]:
        """Live a generation, and let the strategy learn of it."""
        config = self._config
        lives = lives_of(self._scripts, number, config.generations, config.lives, config.seed)
        places = self._strategy.ask()
        runners = [self._runner(self._genome.decode(place)) for place in places]
        raced = race(runners, lives, workers, self._fitness, done)
        self._require_life(raced)
        reference = race([self._reference], lives, workers, self._fitness, done)
        self._strategy.tell(places, raced.costs)
        return {'places': places.tolist(), 'costs': raced.costs.tolist(),
                'fitness': raced.fitness, 'areas': [[one.area for one in each]
                                                    for each in raced.lives],
                'reference': reference.fitness[0],
                'reference_areas': [one.area for one in reference.lives[0]],
                'spread': self._strategy.spread, 'mean': self._strategy.mean.tolist(),
                'failures': sorted({one.failure for each in raced.lives for one in each
                                    if one.failure})}

    def _tell_again(self, number: int, kept: dict[str, Any]) -> None:
        places = self._strategy.ask()
        if places.tolist() != kept['places']:
            raise EvolutionError(
                f'{self._folder.path}: generation {number} was proposed by another strategy or '
                'another release of its library: install the one of before, or begin anew')
        self._strategy.tell(places, np.array(kept['costs']))

    def _finish(self, workers: Workers, done: Callable[[Lived], None],
                generations: list[dict[str, Any]]) -> Evolved:
        """Let the best ones and the beginning race once more, on lives that are new to them."""
        config, genome, last = self._config, self._genome, generations[-1]
        best = np.array(last['places'][int(np.argmin(last['costs']))])
        racing = {'mean': genome.decode(self._strategy.mean), 'best': genome.decode(best),
                  'reference': Individual(genome.phi, {})}
        lives = lives_of(self._scripts, config.generations, config.generations,
                         config.final_lives, config.seed + _FINAL_SEED)
        raced = race([self._runner(one) for one in racing.values()], lives, workers,
                     self._fitness, done, all_lives=True)
        self._require_life(raced)
        name = list(racing)[raced.order[0]]
        final = {'winner': name, 'fitness': dict(zip(racing, raced.fitness, strict=True)),
                 'lives': {who: [one.to_json() for one in each]
                           for who, each in zip(racing, raced.lives, strict=True)}}
        return Evolved(racing[name], final, generations)

    def _runner(self, individual: Individual) -> Runner:
        return Runner(phi_text(individual.phi), merged(self._base, individual.changes),
                      self._innate)

    @staticmethod
    def _require_life(raced: Raced) -> None:
        failures = [one.failure for each in raced.lives for one in each]
        if all(failures):
            raise EvolutionError(f'no individual can live: {failures[0]}')

    def _asked(self) -> dict[str, Any]:
        """Return everything that decides the course of this evolution, but its length."""
        config = {name: value for name, value in asdict(self._config).items()
                  if name != 'final_lives'}
        return {**config, 'genes': [asdict(gene) for gene in self._genome.genes],
                'phi': phi_text(self._genome.phi), 'base': self._base,
                'fitness': asdict(self._fitness), 'innate': self._innate,
                'scripts': [script.to_json() for script in self._scripts]}


def merged(base: Changes, changes: Changes) -> Changes:
    """Return changes of settings on top of others."""
    return {part: {**base.get(part, {}), **changes.get(part, {})}
            for part in sorted({*base, *changes})}


def _told(number: int, generation: dict[str, Any], elapsed_s: float) -> Told:
    means = np.array([np.mean(each) for each in generation['fitness']])
    lives = sum(map(len, generation['fitness'])) + len(generation['reference'])
    best = means[int(np.argmin(generation['costs']))]
    return Told(number, float(best), float(means.mean()), generation['spread'],
                float(np.mean(generation['reference'])), lives, elapsed_s)
