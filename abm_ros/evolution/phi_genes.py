"""The genes of phi: drives, hysteresis, dwell, modulations, and thresholds of emergencies."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from abm_ros.common.config import setting_of
from abm_ros.evolution.gene import LOG, Gene
from abm_ros.meta.constraints import CEILINGS, Constraints
from abm_ros.meta.phi import ModePolicy, Modulation, Override, Phi

# How far a drive may go from what it was: about as far as the strongest weight of the first phi.
_BIAS, _WEIGHT = 2.0, 3.0
_GRADED = {item.name: item for item in fields(Modulation) if isinstance(item.default, float)}
_MOVED = 1.0           # largest weight by which a signal moves a modulation
_MOST_DWELL_S = 60.0
_LEAST_DWELL_S = 0.5


def phi_genes(phi: Phi, constraints: Constraints) -> Iterator[Gene]:
    """
    Yield the genes of a phi.

    :param constraints: bound dwell and modulations.
    """
    for mode, policy in phi.modes.items():
        yield from _mode_genes(f'phi.{mode}', mode, policy, constraints)
    for index, rule in enumerate(phi.overrides):
        yield from _override_genes(f'phi.override.{index}', rule)


def _mode_genes(where: str, mode: str, policy: ModePolicy, constraints: Constraints
                ) -> Iterator[Gene]:
    yield Gene(f'{where}.bias', policy.bias - _BIAS, policy.bias + _BIAS)
    for signal, weight in policy.weights.items():
        yield Gene(f'{where}.weights.{signal}', min(weight, 0.0) - _WEIGHT,
                   max(weight, 0.0) + _WEIGHT)
    yield Gene(f'{where}.hysteresis', 0.0, max(1.0, 1.5 * policy.hysteresis))
    least = max(_LEAST_DWELL_S, constraints.min_dwell_s.get(mode, 0.0))
    most = min(_MOST_DWELL_S, constraints.max_dwell_s.get(mode, math.inf))
    yield Gene(f'{where}.min_dwell_s', min(least, policy.min_dwell_s),
               max(most, policy.min_dwell_s), 's', LOG)
    for name, item in _GRADED.items():
        info = setting_of(item)
        high = constraints.ceilings.get(name, 1.0) if name in CEILINGS else min(
            info.high or 1.0, 2.0)
        value = getattr(policy.modulation, name)
        yield Gene(f'{where}.modulation.{name}', info.low or 0.0, max(high, value))
    for name, weights in policy.modulated.items():
        for signal, weight in weights.items():
            yield Gene(f'{where}.modulated.{name}.{signal}', min(weight, 0.0) - _MOVED,
                       max(weight, 0.0) + _MOVED)


def _override_genes(where: str, rule: Override) -> Iterator[Gene]:
    """Yield the threshold: from that of the first phi on it may only become stricter."""
    if rule.above is not None and rule.above > rule.until:
        yield Gene(f'{where}.above', rule.until, rule.above)
    elif rule.below is not None and rule.below < rule.until:
        yield Gene(f'{where}.below', rule.below, rule.until)
    if rule.settle_s > 0:
        yield Gene(f'{where}.settle_s', rule.settle_s, 5.0 * rule.settle_s, 's', LOG)


def phi_values(phi: Phi) -> dict[str, float]:
    """Return every number of a phi, by the name of its gene."""
    found: dict[str, float] = {}
    for mode, policy in phi.modes.items():
        for name in ('bias', 'hysteresis', 'min_dwell_s'):
            found[f'phi.{mode}.{name}'] = getattr(policy, name)
        found |= {f'phi.{mode}.weights.{signal}': w for signal, w in policy.weights.items()}
        found |= {f'phi.{mode}.modulation.{name}': getattr(policy.modulation, name)
                  for name in _GRADED}
        found |= {f'phi.{mode}.modulated.{name}.{signal}': w
                  for name, weights in policy.modulated.items() for signal, w in weights.items()}
    for index, rule in enumerate(phi.overrides):
        found |= {f'phi.override.{index}.{name}': value for name in ('above', 'below', 'settle_s')
                  if (value := getattr(rule, name)) is not None}
    return found


def phi_with(phi: Phi, values: Mapping[str, float]) -> Phi:
    """Return a phi with some numbers changed, by the names of their genes."""
    changed: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        _, owner, place = name.split('.', 2)
        if owner == 'override':
            index, place = place.split('.')
            owner = f'{owner}.{index}'
        changed.setdefault(owner, {})[place] = value
    return Phi({mode: _policy_with(policy, changed.get(mode, {}))
                for mode, policy in phi.modes.items()},
               tuple(replace(rule, **changed.get(f'override.{index}', {}))
                     for index, rule in enumerate(phi.overrides)))


def _policy_with(policy: ModePolicy, changes: Mapping[str, float]) -> ModePolicy:
    own = {name: value for name, value in changes.items() if '.' not in name}
    modulated = {name: {signal: changes.get(f'modulated.{name}.{signal}', weight)
                        for signal, weight in weights.items()}
                 for name, weights in policy.modulated.items()}
    modulation: dict[str, Any] = {name: changes[f'modulation.{name}'] for name in _GRADED
                                  if f'modulation.{name}' in changes}
    whole: dict[str, Any] = {
        'weights': {signal: changes.get(f'weights.{signal}', weight)
                    for signal, weight in policy.weights.items()},
        'modulation': replace(policy.modulation, **modulation), 'modulated': modulated, **own}
    return replace(policy, **whole)
