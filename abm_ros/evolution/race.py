"""
A race: lives are spent where they decide something (successive halving).

All individuals live the first life. The better half of them lives the second one, of these again
the better half the third, and so on. Who was still racing later ranks before who was not.
Sources: Karnin et al. 2013; Jamieson and Talwalkar 2016.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from abm_ros.bodies.shift.script import LifeScript
from abm_ros.evolution.fitness import FitnessConfig
from abm_ros.evolution.job import Job
from abm_ros.evolution.workers import Done, Workers
from abm_ros.lives.lived import Lived


@dataclass(frozen=True)
class Runner:
    """An individual as it lives: the text of phi, settings by part, innate models."""

    phi: str
    changes: dict
    innate: str = ''

    def job(self, script: LifeScript, seed: int) -> Job:
        """Return a life of this individual."""
        return Job(script, seed, self.phi, self.changes, self.innate)


@dataclass
class Raced:
    """What each of P individuals lived, in the order of the lives."""

    lives: list[list[Lived]] = field(default_factory=list)
    fitness: list[list[float]] = field(default_factory=list)

    @property
    def means(self) -> np.ndarray:
        """Mean fitness (P,) of each over the lives that it lived."""
        return np.array([np.mean(each) for each in self.fitness])

    @property
    def order(self) -> list[int]:
        """The individuals, the best one first; of equals the first."""
        means = self.means
        return sorted(range(len(means)), key=lambda n: (-len(self.fitness[n]), -means[n], n))

    @property
    def costs(self) -> np.ndarray:
        """The rank (P,) of each: 0 for the best."""
        ranks = np.empty(len(self.fitness))
        ranks[self.order] = np.arange(len(self.fitness))
        return ranks


def race(runners: Sequence[Runner], lives: Sequence[tuple[LifeScript, int]], workers: Workers,
         fitness: FitnessConfig, done: Done, *, all_lives: bool = False) -> Raced:
    """
    Race individuals over lives that are the same for all.

    :param all_lives: let everyone live every life, to compare them in the end.
    """
    raced = Raced([[] for _ in runners], [[] for _ in runners])
    racing = list(range(len(runners)))
    for number, (script, seed) in enumerate(lives):
        if number and not all_lives:
            racing = raced.order[:max(1, (len(racing) + 1) // 2)]
        found = workers.run([runners[n].job(script, seed) for n in racing], done)
        for n, lived in zip(racing, found, strict=True):
            raced.lives[n].append(lived)
            raced.fitness[n].append(fitness.of(lived))
    return raced
