"""The figures of `abm bench learn`: agents, the better baseline, the ratio, versions."""

import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import Any

from abm_ros.bench.learn.ablate import PASSIVE
from abm_ros.bench.learn.curve import median, summarise

OWN = 'abm'
_PACKAGES = ('abm_ros', 'torch', 'onnxruntime', 'numpy', 'gymnasium', 'panda-gym', 'pybullet',
             'stable-baselines3', 'sb3-contrib')


def gather(measured: Mapping[str, Sequence[Any]], baseline: str, threshold: float
           ) -> dict[str, Any]:
    """
    Return agents, ratio and what was found about passive data.

    :param measured: results by group; of a baseline there is a group for each variant.
    """
    agents, variants = {}, {}
    for name, curves in measured.items():
        if name.startswith(f'{baseline} from '):
            variants[name.rpartition(' ')[2]] = summarise(curves, threshold)
        elif name != PASSIVE:
            agents[name] = summarise(curves, threshold)
    figures: dict[str, Any] = {'agents': agents}
    if variants:
        best = min(variants, key=lambda v: _lateness(variants[v]))
        others = {v: {k: f[k] for k in f if k != 'curve'} for v, f in variants.items()}
        agents[baseline] = variants[best] | {
            'learning_starts': int(best), 'variants': others}
        figures['ratio'] = over(agents[baseline]['median'], agents[OWN]['median'])
        figures['strict_ratio'] = over(agents[baseline]['strict_median'],
                                       agents[OWN]['strict_median'])
    if PASSIVE in measured:
        from abm_ros.bench.learn import passive
        figures['passive_data'] = passive.summarise(measured[PASSIVE])
    return figures


def _lateness(figures: Mapping[str, Any]) -> tuple[float, int]:
    value = median(figures['steps_to_threshold'])
    missed = figures['steps_to_threshold'].count(None)
    return (float('inf') if value is None else value, missed)


def over(baseline: float | None, own: float | None) -> float | None:
    """Return how many times as many steps the baseline needs; None where one never learned."""
    return None if baseline is None or own is None else round(baseline / own, 2)


def versions() -> dict[str, str]:
    """Return the versions of what took part."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = 'not installed'
    return found
