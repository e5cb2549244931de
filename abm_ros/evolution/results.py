"""The results of an evolution: phi.yaml, a parameter file for the graph, and the report."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from abm_ros.evolution.checkpoint import write
from abm_ros.evolution.evolve import Evolved
from abm_ros.evolution.genome import Changes, Genome, Individual
from abm_ros.evolution.sensitivity import sensitivity
from abm_ros.lives.settings import to_parameters
from abm_ros.meta.phi_text import phi_text

PHI, PARAMETERS, INNATE, REPORT = 'phi.yaml', 'parameters.yaml', 'innate.abm', 'report.json'


def write_results(folder: Path, genome: Genome, evolved: Evolved) -> dict[str, Any]:
    """
    Write what evolution found, and return the report.

    The parameter file holds what evolution changed, and nothing of what all lives had.
    """
    told = f'Found by `abm evolve`; the winner of the last race is the {evolved.final["winner"]}.'
    write(folder / PHI, phi_text(evolved.winner.phi, told))
    write(folder / PARAMETERS, parameters_text(evolved.winner.changes, told))
    report = {'genes': [{**asdict(gene), 'begin': begin, 'end': end}
                        for gene, begin, end in moved(genome, evolved.winner)],
              'sensitivity': sensitivity([gene.name for gene in genome.genes],
                                         evolved.generations),
              'generations': [_summary(each) for each in evolved.generations],
              'final': evolved.final}
    write(folder / REPORT, report)
    return report


def parameters_text(changes: Changes, comment: str) -> str:
    """Return a parameter file of the graph's nodes."""
    return f'# {comment}\n' + yaml.safe_dump(to_parameters(changes), sort_keys=False)


def moved(genome: Genome, winner: Individual) -> list[tuple[Any, float, float]]:
    """Return each gene with its value in the beginning and in the end; those that moved first."""
    end = genome.values(winner)
    rows = [(gene, begin, end[gene.name]) for gene, begin in genome.table()]
    return sorted(rows, key=lambda row: -abs(row[0].encode(row[2]) - row[0].encode(row[1])))


def _summary(generation: dict[str, Any]) -> dict[str, Any]:
    means = [float(np.mean(each)) for each in generation['fitness']]
    best = int(np.argmin(generation['costs']))
    return {'best': means[best], 'mean': float(np.mean(means)), 'spread': generation['spread'],
            'reference': float(np.mean(generation['reference'])),
            'lives': sum(map(len, generation['fitness'])) + len(generation['reference']),
            'failures': generation['failures']}
