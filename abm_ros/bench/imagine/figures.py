"""The figures of the imagination benchmark."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from abm_ros.bench.common.figures import spread
from abm_ros.bench.life.figures import interval

_KINDS = ('native', 'strict')


def of_speed(turns: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """
    Return the figures of all turns.

    :param turns: transitions dreamed a second, over topics and in one process.
    """
    graph, alone = (float(np.median(side)) for side in zip(*turns, strict=True))
    ratios = [round(a / b, 4) for a, b in turns]
    return {'transitions_per_s': round(graph), 'in_process_transitions_per_s': round(alone),
            'ratio': round(float(np.median(ratios)), 4), 'ratios': spread(ratios)}


def of_success(pairs: Sequence[Mapping[str, Any]], seed: int = 0) -> dict[str, Any]:
    """
    Return the means over seeds, and the mean of the paired differences with its interval.

    Those of a bad model are to the same updates in it without dreams; `least_difference` is the
    worst of any seed, native or strict.

    :param seed: of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    found: dict[str, Any] = {}
    for name, key in (('before', 'before'), ('success_without', 'without'),
                      ('success_with', 'with')):
        for kind in _KINDS:
            found[_named(name, kind)] = _mean([pair[key][kind] for pair in pairs])
    for kind in _KINDS:
        found[_named('gain', kind)] = _gain([pair['with'][kind] for pair in pairs],
                                            [pair['without'][kind] for pair in pairs], rng)
    for damage in pairs[0].get('damaged', {}):
        cells = [pair['damaged'][damage] for pair in pairs]
        found[f'damaged_{damage}'] = {
            'dreamt': sum(cell['dreamt']['transitions'] > 0 for cell in cells),
            **{f'{key}_{kind}': _gain([cell[key][kind] for cell in cells],
                                      [cell['without'][kind] for cell in cells], rng)
               for key in ('with', 'unguarded') if key in cells[0] for kind in _KINDS},
            'least_difference': min(_round(cell['with'][kind] - cell['without'][kind])
                                    for cell in cells for kind in _KINDS)}
    errors = [pair['dreamt']['error'] for pair in pairs]
    return {**found, 'real_steps': 0, 'lived_transitions': pairs[0]['transitions'],
            'seeds': [pair['seed'] for pair in pairs], 'model_error': spread(errors),
            'pairs': list(pairs)}


def _named(name: str, kind: str) -> str:
    return name if kind == 'native' else f'{name}_{kind}'


def _mean(values: Sequence[float]) -> float:
    return _round(np.mean(values))


def _round(value: Any) -> float:
    return round(float(value), 4)


def _gain(after: Sequence[float], before: Sequence[float],
          rng: np.random.Generator) -> dict[str, Any]:
    return interval(np.subtract(after, before), rng)
