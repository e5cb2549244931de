"""
Which genes mattered: how their values went with fitness, over all individuals that ever lived.

Within a generation everyone lives the same first life, so ranks are compared there and pooled over
generations. A correlation of ranks is no cause, but costs no life beyond those of the evolution.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_RESAMPLES = 1000


def sensitivity(genes: Sequence[str], generations: Sequence[Mapping[str, Any]], seed: int = 0
                ) -> list[dict[str, Any]]:
    """
    Return for each gene its rank correlation with fitness, the strongest first.

    :param genes: names, in the order of the places.
    :param generations: with `places` (P, n) and `fitness` (P lists), as `Evolution` keeps them.
    :param seed: of the bootstrap.
    :return: name, correlation in [-1, 1] and ci95 of each; empty if nothing ever differed.
    """
    rows = [_standard_ranks(np.column_stack([
        np.array(each['places']), [lives[0] for lives in each['fitness']]]))
        for each in generations]
    table = np.concatenate(rows) if rows else np.zeros((0, len(genes) + 1))
    if len(table) < 3 or not table[:, -1].any():
        return []
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(table), size=(_RESAMPLES, len(table)))
    found = _correlations(table)
    low, high = np.percentile([_correlations(table[some]) for some in drawn], [2.5, 97.5], axis=0)
    return sorted(({'name': name, 'correlation': round(float(c), 3),
                    'ci95': [round(float(a), 3), round(float(b), 3)]}
                   for name, c, a, b in zip(genes, found, low, high, strict=True)),
                  key=lambda row: -abs(row['correlation']))


def _standard_ranks(table: np.ndarray) -> np.ndarray:
    """Return the ranks of each column (P, n), equals sharing theirs, as mean 0 and deviation 1."""
    ranks = np.stack([(column[:, np.newaxis] > column).sum(1) + 0.5 * (
        column[:, np.newaxis] == column).sum(1) for column in table.T], 1)
    deviation = ranks.std(0)
    return np.asarray((ranks - ranks.mean(0)) / np.where(deviation > 0.0, deviation, 1.0))


def _correlations(table: np.ndarray) -> np.ndarray:
    """Return the correlation of each column but the last with the last one."""
    centred = table - table.mean(0)
    size = np.sqrt(np.square(centred).sum(0))
    return np.asarray(centred[:, :-1].T @ centred[:, -1] / np.maximum(size[:-1] * size[-1], 1e-12))
