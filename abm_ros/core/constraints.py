"""Constraints on System M, checked outside its policy phi."""

from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from abm_ros.core.errors import ConstraintError
from abm_ros.core.modes import MODES, SAFE_MODE


@dataclass(frozen=True)
class Constraints:
    """Forbidden modes, and the longest that a mode may last at a stretch."""

    forbidden_modes: tuple[str, ...] = ()
    max_dwell_s: Mapping[str, float] | None = None

    def permitted(self, mode: str, current: str, stayed_s: float) -> bool:
        """Tell whether a mode may be in force now."""
        if mode in self.forbidden_modes:
            return False
        limit = (self.max_dwell_s or {}).get(mode)
        return not (mode == current and limit is not None and stayed_s >= limit)


def load_constraints(text: str) -> Constraints:
    """
    Read constraints from YAML.

    :raises ConstraintError: an unknown key or mode, or a constraint that forbids the safe mode.
    """
    try:
        raw = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ConstraintError(f'constraints: not YAML: {" ".join(str(error).split())}') from error
    if not isinstance(raw, dict) or set(raw) - {'version', 'forbidden_modes', 'max_dwell_s'}:
        raise ConstraintError('constraints: expected the keys version, forbidden_modes and '
                              f'max_dwell_s, got {raw!r}')
    forbidden, dwell = raw.get('forbidden_modes') or [], raw.get('max_dwell_s') or {}
    if not isinstance(forbidden, list) or not isinstance(dwell, dict):
        raise ConstraintError('constraints: expected a list for forbidden_modes and a mapping '
                              f'for max_dwell_s, got {forbidden!r} and {dwell!r}')
    unknown = [mode for mode in (*forbidden, *dwell) if mode not in list(MODES)]
    if unknown:
        raise ConstraintError(f'constraints: unknown mode {", ".join(map(repr, unknown))}, '
                              f'expected one of {", ".join(MODES)}')
    if SAFE_MODE in forbidden or SAFE_MODE in dwell:
        raise ConstraintError(f'constraints: {SAFE_MODE} is the safe mode and cannot be '
                              'forbidden or limited')
    for mode, limit in dwell.items():
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not limit > 0:
            raise ConstraintError(f'constraints.max_dwell_s.{mode}: expected seconds above 0, '
                                  f'got {limit!r}')
    return Constraints(tuple(forbidden), dwell)
