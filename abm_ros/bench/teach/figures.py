"""Figures of `abm bench teach`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from abm_ros.bench.life.figures import interval

if TYPE_CHECKING:
    from abm_ros.bench.teach.run import Among

_KEYS = {'without': 'success_without', 'with_actions': 'success_with_1',
         'action_free': 'success_action_free', 'other_arm': 'success_other_arm'}


def of_one(found: Sequence[dict[str, Any]], seed: int = 0) -> dict[str, Any]:
    """
    Return success without a demonstration and with one of each kind, with intervals.

    :param seed: of the bootstrap.
    """
    if not found:
        return {}
    rng, figures = np.random.default_rng(seed), dict[str, Any]()
    for kind, key in _KEYS.items():
        cell = interval(np.array([one[kind] for one in found]), rng)
        figures[key], figures[f'{key}_ci95'] = cell['mean'], cell['ci95']
    return figures | {'one': list(found)}


def of_corrections(found: Sequence[dict[str, Any]], seed: int = 0) -> dict[str, Any]:
    """
    Return success of the same lives without and with corrections, with intervals.

    :param seed: of the bootstrap.
    """
    if not found:
        return {}
    rng = np.random.default_rng(seed)
    without, taught = (np.array([one[key] for one in found]) for key in ('without', 'with'))
    cells = {f'success_{key}': interval(values, rng) for key, values in (
        ('without', without), ('with', taught), ('gain', taught - without))}
    return {'corrections': {
        **{key: cell['mean'] for key, cell in cells.items()},
        **{f'{key}_ci95': cell['ci95'] for key, cell in cells.items()}, 'seeds': list(found)}}


def of_teachers(lives: 'Sequence[tuple[Among, ...]]', points: Sequence[int], seed: int = 0
                ) -> dict[str, Any]:
    """
    Return the largest dip below the life without teachers, and trust in each teacher.

    :param lives: pairs of lives, without and with teachers.
    :param points: environment steps after which success was measured.
    """
    if not lives:
        return {}
    rng = np.random.default_rng(seed)
    without, taught = (np.array([pair[side].success for pair in lives]) for side in (0, 1))
    dips = (without - taught).mean(0)                                       # (points,)
    worst = int(dips.argmax())
    names = sorted(lives[0][1].trust)
    return {
        'points': list(points), 'life_without': without.mean(0).round(3).tolist(),
        'life_taught': taught.mean(0).round(3).tolist(), 'deceptive_dip': float(dips[worst]),
        'deceptive_dip_ci95': interval((without - taught)[:, worst], rng)['ci95'],
        'trust': {name: float(np.mean([pair[1].trust.get(name, 0.5) for pair in lives]))
                  for name in names},
        'lost_after': {name: [pair[1].lost_after.get(name) for pair in lives] for name in names},
        'lives': [vars(one) for pair in lives for one in pair]}
