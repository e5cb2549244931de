"""
Constraints on System M, checked outside its policy phi (decision 0042).

They forbid modes, keep modes in force, and bound modulations. They can neither forbid nor limit
the safe mode. Contradictions are refused by name when the constraints are read.
"""

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from abm_ros.common.errors import ConstraintError
from abm_ros.common.tables import Reader, shown
from abm_ros.meta.modes import Modes

CEILINGS = ('plasticity_a', 'plasticity_b')


@dataclass(frozen=True)
class Constraints:
    """
    The constraints; times in seconds, infinite where there is no limit.

    Only restful modes count as rest. The arm also stands still in the safe mode, but that does not
    count.
    """

    modes: Modes
    forbidden_modes: tuple[str, ...] = ()
    max_dwell_s: Mapping[str, float] = field(default_factory=dict)
    min_dwell_s: Mapping[str, float] = field(default_factory=dict)
    forbidden_transitions: tuple[tuple[str, str], ...] = ()
    # Shortest time before a mode returns that was left at its longest dwell.
    recover_s: float = 3.0
    quota_window_s: float = 600.0
    quotas: Mapping[str, float] = field(default_factory=dict)
    max_awake_s: float = float('inf')
    rest_s: float = 5.0
    ceilings: Mapping[str, float] = field(default_factory=dict)
    speed_limit: float = 1.0

    def forbidden(self, ledger: 'Ledger', now_s: float) -> dict[str, str]:
        """
        Return the forbidden modes, each with the rule that forbids it.

        :param ledger: the modes so far.
        :param now_s: monotonic time, s.
        """
        found: dict[str, str] = {}
        for mode in self.modes:
            if mode != self.modes.safe and (rule := self._rule(mode, ledger, now_s)):
                found[mode] = rule
        return found

    def _rule(self, mode: str, ledger: 'Ledger', now_s: float) -> str:
        current = ledger.mode
        if mode in self.forbidden_modes:
            return f'forbidden_modes: {mode}'
        if mode != current and (current, mode) in self.forbidden_transitions:
            return f'forbidden_transitions: {current} to {mode}'
        if (limit := self.max_dwell_s.get(mode)) is not None:
            if mode == current and now_s - ledger.since_s >= limit:
                return f'max_dwell_s.{mode}: {limit:g} s'
            if mode != current and ledger.last_s(mode) >= limit and (
                    now_s - ledger.left_s(mode) < self.recover_s):
                return f'max_dwell_s.{mode}: {limit:g} s, back after {self.recover_s:g} s'
        if (share := self.quotas.get(mode)) is not None and (
                ledger.within(mode, self.quota_window_s, now_s) >= share * self.quota_window_s):
            return f'quotas.{mode}: {share:g} of {self.quota_window_s:g} s'
        if not self.modes[mode].restful and ledger.awake_s(self.rest_s, now_s) >= self.max_awake_s:
            return (f'max_awake_s: {self.max_awake_s:g} s without {self.rest_s:g} s of '
                    f'{" or ".join(self.modes.restful)}')
        return ''


class Ledger:
    """Records which modes were in force and when, for the constraints."""

    def __init__(self, modes: Modes, mode: str, now_s: float) -> None:
        self.mode = mode
        self._modes = modes
        self.since_s = now_s
        self._rested_s = now_s
        self._past: deque[tuple[str, float, float]] = deque()

    def enter(self, mode: str, now_s: float, rest_s: float) -> None:
        """Record the mode that is in force from now on."""
        if mode == self.mode:
            return
        if self._rests_whole(rest_s, now_s):
            self._rested_s = now_s
        self._past.append((self.mode, self.since_s, now_s))
        self.mode, self.since_s = mode, now_s

    def within(self, mode: str, window_s: float, now_s: float) -> float:
        """Return how long a mode was in force within the last window, s."""
        begin_s = now_s - window_s
        while self._past and self._past[0][2] < now_s - max(window_s, 3600.0):
            self._past.popleft()
        spans = [*self._past, (self.mode, self.since_s, now_s)]
        return sum(max(0.0, end_s - max(start_s, begin_s))
                   for name, start_s, end_s in spans if name == mode)

    def last_s(self, mode: str) -> float:
        """Return the length of the last finished stretch of a mode, s; 0 if there was none."""
        return next((end - start for name, start, end in reversed(self._past) if name == mode),
                    0.0)

    def left_s(self, mode: str) -> float:
        """Return when a mode was last left, s; -inf if never."""
        return next((end for name, _, end in reversed(self._past) if name == mode),
                    -float('inf'))

    def awake_s(self, rest_s: float, now_s: float) -> float:
        """Return the time since the last complete rest, s; 0 in a rest that is complete."""
        return 0.0 if self._rests_whole(rest_s, now_s) else now_s - self._rested_s

    def _rests_whole(self, rest_s: float, now_s: float) -> bool:
        return self._modes[self.mode].restful and now_s - self.since_s >= rest_s


_READ = Reader('constraints', ConstraintError)
_LEAST_S = 1e-3    # of a longest dwell: with 0 a mode would be forbidden
_ENDLESS_S = float('inf')
_NUMBERS = {'recover_s': (0.0, 3600.0), 'quota_window_s': (1.0, 3600.0),
            'max_awake_s': (1.0, _ENDLESS_S), 'rest_s': (0.0, 3600.0),
            'speed_limit': (0.01, 1.0)}
# For each mapping by mode: the bounds of its values.
_BY_MODE = {'max_dwell_s': (_LEAST_S, _ENDLESS_S), 'min_dwell_s': (0.0, 1e6),
            'quotas': (0.0, 1.0)}


def load_constraints(text: str, modes: Modes) -> Constraints:
    """
    Read constraints from YAML; an empty text constrains nothing.

    :param modes: the modes that there are.
    :raises ConstraintError: not YAML, an unknown key or mode, one that stands twice, another
        version, a value out of bounds, or a contradiction.
    """
    raw = _READ.load(text, [item.name for item in fields(Constraints) if item.name != 'modes'])
    values: dict[str, Any] = {
        name: _READ.number(f'constraints.{name}', raw[name], low, high)
        for name, (low, high) in _NUMBERS.items() if name in raw}
    for name, (low, high) in _BY_MODE.items():
        values[name] = _numbers(name, raw.get(name), modes, low, high)
    values['ceilings'] = _numbers('ceilings', raw.get('ceilings'), CEILINGS, 0.0, 1.0)
    values['forbidden_modes'] = tuple(
        _listed('forbidden_modes', raw.get('forbidden_modes'), modes))
    values['forbidden_transitions'] = tuple(
        _pair(f'forbidden_transitions[{i}]', item, modes) for i, item in enumerate(
            _READ.sequence('constraints.forbidden_transitions',
                           raw.get('forbidden_transitions'))))
    constraints = Constraints(modes, **values)
    _check_contradictions(constraints)
    return constraints


def _check_contradictions(c: Constraints) -> None:
    touched = {'forbidden_modes': c.forbidden_modes, 'max_dwell_s': c.max_dwell_s,
               'min_dwell_s': c.min_dwell_s, 'quotas': c.quotas,
               'forbidden_transitions': [after for _, after in c.forbidden_transitions]}
    for name, modes in touched.items():
        if c.modes.safe in modes:
            raise ConstraintError(f'constraints.{name}: {c.modes.safe} is the safe mode and '
                                  'cannot be forbidden or limited')
    for mode, low in c.min_dwell_s.items():
        if low > c.max_dwell_s.get(mode, float('inf')):
            raise ConstraintError(f'constraints: min_dwell_s.{mode} {low:g} s is longer than '
                                  f'max_dwell_s.{mode} {c.max_dwell_s[mode]:g} s')
        if mode in c.quotas and low > c.quotas[mode] * c.quota_window_s:
            raise ConstraintError(f'constraints: min_dwell_s.{mode} {low:g} s is longer than '
                                  f'quotas.{mode} allows in {c.quota_window_s:g} s')
        if not c.modes[mode].restful and low > c.max_awake_s:
            raise ConstraintError(f'constraints: min_dwell_s.{mode} {low:g} s is longer than '
                                  f'max_awake_s {c.max_awake_s:g} s allows without rest')
        if mode in c.forbidden_modes:
            raise ConstraintError(f'constraints: min_dwell_s.{mode} keeps a mode that '
                                  'forbidden_modes forbids')
    if c.max_awake_s < float('inf'):
        _check_rest(c)


def _check_rest(c: Constraints) -> None:
    """Check that the rest which max_awake_s demands is possible."""
    restful = c.modes.restful
    if not any(mode not in c.forbidden_modes
               and c.rest_s <= c.max_dwell_s.get(mode, float('inf'))
               and (mode not in c.quotas or c.rest_s <= c.quotas[mode] * c.quota_window_s)
               for mode in restful):
        raise ConstraintError(f'constraints: max_awake_s demands {c.rest_s:g} s of '
                              f'{" or ".join(restful) or "a restful mode"}, but '
                              'forbidden_modes, max_dwell_s or quotas leave none that long')
    for mode in c.modes.acting:
        if all((mode, rest) in c.forbidden_transitions or rest in c.forbidden_modes
               for rest in restful):
            raise ConstraintError(f'constraints: max_awake_s demands rest, but '
                                  f'forbidden_transitions leave no way to it from {mode}')


def _numbers(name: str, value: Any, keys: Collection[str], low: float, high: float
             ) -> dict[str, float]:
    where = f'constraints.{name}'
    return {key: _READ.number(f'{where}.{key}', number, low, high)
            for key, number in _READ.mapping(where, value, keys, empty=True).items()}


def _listed(name: str, value: Any, modes: Modes) -> list[str]:
    listed = _READ.sequence(f'constraints.{name}', value)
    unknown = [mode for mode in listed if mode not in list(modes)]
    if unknown:
        raise ConstraintError(f'constraints.{name}: unknown mode '
                              f'{", ".join(map(shown, unknown[:5]))}, expected one of '
                              f'{", ".join(modes)}')
    return listed


def _pair(name: str, value: Any, modes: Modes) -> tuple[str, str]:
    pair = _listed(name, value, modes)
    if len(pair) != 2 or pair[0] == pair[1]:
        raise ConstraintError(f'constraints.{name}: expected [from, to], two different modes, '
                              f'got {shown(value)}')
    return pair[0], pair[1]
