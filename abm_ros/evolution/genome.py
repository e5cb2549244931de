"""
The genome: phi and the initial settings of A, B, memory and System M as one vector, and back.

Which genes there are follows from phi, the settings and the constraints that evolution begins
with. phi's rules for emergencies may only become stricter than they are there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from abm_ros.common.errors import GenomeError
from abm_ros.evolution.gene import Gene
from abm_ros.evolution.phi_genes import phi_genes, phi_values, phi_with
from abm_ros.evolution.setting_genes import SETTING_GENES
from abm_ros.lives.settings import LifeSettings
from abm_ros.meta.constraints import Constraints
from abm_ros.meta.phi import Phi

Changes = dict[str, dict[str, Any]]
_PHI = 'phi.'


@dataclass(frozen=True)
class Individual:
    """What a vector stands for: a phi, and changes of a life's settings by part."""

    phi: Phi
    changes: Changes


@dataclass(frozen=True)
class Genome:
    """
    The genes, and the phi and settings that are changed by them.

    `genes` are those that vary; a number without a gene stays as it is.
    """

    genes: tuple[Gene, ...]
    phi: Phi
    base: LifeSettings

    @classmethod
    def of(cls, phi: Phi, base: LifeSettings, constraints: Constraints,
           only: tuple[str, ...] = ()) -> 'Genome':
        """
        Return the genome of a phi and settings.

        :param only: patterns of genes' names, such as 'phi.*'; empty takes every gene.
        :raises GenomeError: a value is out of its gene's bounds, or no gene is left.
        """
        every = (*phi_genes(phi, constraints), *SETTING_GENES)
        chosen = tuple(gene for gene in every if not only or any(
            fnmatchcase(gene.name, pattern) for pattern in only))
        if not chosen:
            raise GenomeError(f'genes: none is called {" or ".join(only)}, expected patterns of '
                              'names such as phi.* or world.*')
        genome = cls(chosen, phi, base)
        genome.encode(Individual(phi, {}))      # within their bounds
        return genome

    def __len__(self) -> int:
        """Return the number of genes."""
        return len(self.genes)

    def values(self, individual: Individual) -> dict[str, float]:
        """
        Return the values of the genes in an individual, by name.

        :raises GenomeError: phi has another form than that of this genome.
        """
        settings = self.base.changed(individual.changes)
        told = phi_values(individual.phi)
        missing = [g.name for g in self.genes if g.name.startswith(_PHI) and g.name not in told]
        if missing:
            raise GenomeError(f'phi has no {missing[0].removeprefix(_PHI)}, which is a gene: '
                              'expected the modes, weights and overrides that evolution began '
                              'with')
        return {gene.name: told[gene.name] if gene.name in told else _setting(settings, gene)
                for gene in self.genes}

    def encode(self, individual: Individual) -> np.ndarray:
        """
        Return the vector (n,) in [0, 1] of an individual.

        :raises GenomeError: a value is out of its gene's bounds.
        """
        values = self.values(individual)
        return np.array([gene.encode(values[gene.name]) for gene in self.genes])

    def decode(self, vector: np.ndarray) -> Individual:
        """
        Return the individual of a vector (n,).

        :raises GenomeError: of another length, or a place outside [0, 1].
        """
        if vector.shape != (len(self),):
            raise GenomeError(f'genome: expected {len(self)} places, got {vector.shape}')
        return self.express({gene.name: gene.decode(float(place))
                             for gene, place in zip(self.genes, vector, strict=True)})

    def express(self, values: Mapping[str, float]) -> Individual:
        """
        Return the individual that has these values of genes; others are as in the beginning.

        :raises GenomeError: an unknown gene, or a value out of its bounds.
        """
        known = {gene.name: gene for gene in self.genes}
        for name, value in values.items():
            if name not in known:
                raise GenomeError(f"there is no gene '{name}'")
            known[name].check(value)
        changes: Changes = {}
        for name, value in values.items():
            if not name.startswith(_PHI):
                part, setting = name.split('.')
                changes.setdefault(part, {})[setting] = (
                    int(value) if known[name].whole else value)
        return Individual(phi_with(self.phi, {n: v for n, v in values.items()
                                              if n.startswith(_PHI)}), changes)

    def table(self) -> Iterator[tuple[Gene, float]]:
        """Yield each gene with the value that evolution begins with."""
        values = self.values(Individual(self.phi, {}))
        for gene in self.genes:
            yield gene, values[gene.name]


def _setting(settings: LifeSettings, gene: Gene) -> float:
    part, name = gene.name.split('.')
    return float(getattr(settings.part(part), name))
