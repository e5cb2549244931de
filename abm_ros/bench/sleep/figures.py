"""The figures of the sleep benchmark."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from abm_ros.bench.common.figures import spread
from abm_ros.bench.life.figures import interval

_KINDS = ('native', 'strict')


def of_sleeps(nights: Sequence[Mapping[str, Any]], seed: int = 0) -> dict[str, Any]:
    """
    Return the means over seeds, and the mean of the paired differences with its interval.

    :param nights: what `run.interrupted` returned.
    :param seed: of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    found: dict[str, Any] = {}
    for kind, end in zip(_KINDS, ('', '_strict'), strict=True):
        before = [night['before'][kind] for night in nights]
        after = [night['slept']['after'][kind] for night in nights]
        found |= {f'success_before{end}': _mean(before), f'success_after{end}': _mean(after),
                  f'gain_{kind}': interval(np.subtract(after, before), rng)}
        if 'against' in nights[0]:
            other = [night['against']['after'][kind] for night in nights]
            found |= {f'success_against{end}': _mean(other),
                      f'gain_over_{kind}': interval(np.subtract(after, other), rng)}
    slept = [night['slept'] for night in nights]
    return {**found, 'real_steps_during': sum(sleep['real_steps'] for sleep in slept),
            'times_real_time': round(float(np.median([s['times_real_time'] for s in slept])), 1),
            **{f'{key}_spread': spread([sleep[key] for sleep in slept])
               for key in ('times_real_time', 'times_real_time_cpu')},
            'updates': spread([sleep['updates'] for sleep in slept]),
            'faded': sum(sleep['faded'] for sleep in slept),
            'lived_transitions': nights[0]['transitions'],
            'seeds': [night['seed'] for night in nights], 'nights': list(nights)}


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 4)
