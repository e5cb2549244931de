"""
phi, System M's routing policy: from meta-states to a mode and to modulations.

phi is a fixed table within a life; evolution is to write it. `decide` is a pure function.
Source: arXiv:2603.15381, section 3 and table C.1.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from abm_ros.common.config import check, from_mapping, setting, setting_of
from abm_ros.common.errors import ConfigError, PhiError
from abm_ros.common.tables import Reader, shown


@dataclass(frozen=True)
class Modulation:
    """The settings of A and B that System M changes beside their wires."""

    plasticity_a: float = setting(
        1.0, 'Learning-rate factor of System A.', low=0.0, high=1.0)
    plasticity_b: float = setting(
        1.0, 'Learning-rate factor of System B.', low=0.0, high=1.0)
    exploration: float = setting(
        0.0, 'Share of an action that is random.', low=0.0, high=1.0)
    goal_weight: float = setting(
        1.0, "Weight of the task's goal in B's objective.", low=0.0, high=10.0)
    intrinsic_weight: float = setting(
        0.0, "Weight of A's intrinsic reward in B's objective.", low=0.0, high=10.0)
    speed: float = setting(
        1.0, 'Share of the motion envelope of the constraints.', low=0.05, high=1.0)
    replay: str = setting(
        'uniform', 'What replay prefers for both learners.',
        choices=('uniform', 'surprise', 'gain', 'rarity', 'balanced', 'worlds', 'planned'))

    def __post_init__(self) -> None:
        check(self)


_MODULATIONS = {item.name: item for item in fields(Modulation)}
_GRADED = [name for name, item in _MODULATIONS.items() if isinstance(item.default, float)]
# A modulation moves in steps, so that a noisy signal does not set parameters at every tick.
_STEP = 0.05
# Shortest time between two modulations within a mode.
MODULATION_PERIOD_S = 2.0
_READ = Reader('phi', PhiError)
_MOST = 1e6   # largest bias, weight or dwell; more is taken for a mistake


@dataclass(frozen=True)
class ModePolicy:
    """
    The row of one mode: its drive (bias + weights . signals), its dwell and its modulation.

    `modulated` gives, for a modulation, the weights by which signals move it.
    """

    bias: float
    weights: Mapping[str, float] = field(default_factory=dict)
    hysteresis: float = 0.1
    min_dwell_s: float = 3.0
    modulation: Modulation = field(default_factory=Modulation)
    modulated: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def modulate(self, signals: Mapping[str, float]) -> Modulation:
        """Return the modulation under these signals, within its bounds."""
        changes = {}
        for name, weights in self.modulated.items():
            info = setting_of(_MODULATIONS[name])
            value = getattr(self.modulation, name) + sum(
                w * signals.get(s, 0.0) for s, w in weights.items())
            changes[name] = min(max(round(round(value / _STEP) * _STEP, 6), info.low or 0.0),
                                info.high if info.high is not None else value)
        return replace(self.modulation, **changes) if changes else self.modulation

    def drive(self, signals: Mapping[str, float]) -> float:
        """Return the drive; an unknown signal counts as 0."""
        return self.bias + sum(w * signals.get(s, 0.0) for s, w in self.weights.items())


@dataclass(frozen=True)
class Override:
    """
    A hard override: enter `mode` when the signal crosses the threshold, leave when it is well.

    The signal is well when it is past `until`. It must be well for `settle_s` without a break, so
    that a signal that jumps does not switch the mode at each tick.
    """

    signal: str
    mode: str
    above: float | None = None
    below: float | None = None
    until: float = 0.0
    settle_s: float = 0.0

    def trips(self, signals: Mapping[str, float]) -> bool:
        """Tell whether the override must begin."""
        value = signals.get(self.signal)
        if value is None:
            return False
        return value > self.above if self.above is not None else value < (self.below or 0.0)

    def persists(self, signals: Mapping[str, float]) -> bool:
        """Tell whether an override in force must go on."""
        value = signals.get(self.signal)
        if value is None:
            return False
        return value > self.until if self.above is not None else value < self.until

    def text(self) -> str:
        """Return the rule in words."""
        bound = f'above {self.above:g}' if self.above is not None else f'below {self.below:g}'
        return f'{self.signal} {bound}'


@dataclass(frozen=True)
class Phi:
    """The whole table."""

    modes: Mapping[str, ModePolicy]
    overrides: tuple[Override, ...] = ()

    def check_modes(self, known: Collection[str]) -> None:
        """
        Check that every mode that the table names exists.

        :param known: the modes of the wiring table.
        :raises PhiError: naming the unknown modes.
        """
        _check_known('mode', known, {
            'modes': self.modes, 'overrides': [rule.mode for rule in self.overrides]})

    def check_signals(self, known: Collection[str]) -> None:
        """
        Check that every signal that the table names exists.

        :param known: the signals, ours and those of other packages.
        :raises PhiError: naming the unknown signals.
        """
        named: dict[str, Collection[str]] = {
            'overrides': [rule.signal for rule in self.overrides]}
        for mode, policy in self.modes.items():
            named[f'modes.{mode}.weights'] = policy.weights
            named |= {f'modes.{mode}.modulated.{name}': weights
                      for name, weights in policy.modulated.items()}
        _check_known('signal', known, named)


def _check_known(what: str, known: Collection[str], named: Mapping[str, Collection[str]]) -> None:
    for where, given in named.items():
        if unknown := [name for name in given if name not in known]:
            raise PhiError(f'phi.{where}: unknown {what} {", ".join(map(shown, unknown[:5]))}, '
                           f'expected one of {", ".join(known)}')


@dataclass(frozen=True)
class PolicyState:
    """What the policy remembers between two decisions."""

    mode: str
    since_s: float
    override: int = -1
    unwell_s: float = 0.0     # when the signal of the override was last not well


@dataclass(frozen=True)
class Decision:
    """A decision with everything that made it."""

    mode: str
    reason: str
    drives: Mapping[str, float]
    signals: Mapping[str, float]
    modulation: Modulation
    state: PolicyState


def decide(signals: Mapping[str, float], state: PolicyState, phi: Phi, now_s: float,
           allowed: Collection[str], safe: str) -> Decision:
    """
    Choose the mode for now.

    Overrides come first, in their order, and ignore dwell. An override whose mode is not allowed
    enters the safe mode, which is always allowed. Otherwise the current mode stays for its minimum
    dwell. Then the strongest allowed drive wins if it beats the drive of the current mode by more
    than that mode's hysteresis.

    :param signals: meta-states, each in [0, 1]; unknown ones are absent.
    :param now_s: monotonic time, s.
    :param allowed: modes that wiring, constraints and the operator allow.
    :param safe: the safe mode.
    """
    drives = {mode: policy.drive(signals) for mode, policy in phi.modes.items()
              if mode in allowed}
    for index, rule in enumerate(phi.overrides):
        goes_on = index == state.override
        unwell = rule.trips(signals) or (goes_on and rule.persists(signals))
        if unwell or (goes_on and now_s - state.unwell_s < rule.settle_s):
            forbidden = '' if rule.mode in allowed else f', but {rule.mode} is not allowed'
            return _decision(safe if forbidden else rule.mode,
                             f'override: {rule.text()}{forbidden}', drives, signals, state,
                             phi, now_s, (index, now_s if unwell else state.unwell_s))
    if not drives:
        return _decision(safe, 'no mode is allowed', drives, signals, state, phi, now_s)
    best = max(drives, key=lambda mode: drives[mode])
    policy = phi.modes.get(state.mode)
    if policy is None or state.mode not in drives:
        return _decision(best, f'{state.mode} may not go on', drives, signals, state, phi, now_s)
    stayed_s = now_s - state.since_s
    if state.override < 0 and stayed_s < policy.min_dwell_s:
        return _decision(state.mode, f'dwell: {stayed_s:.1f} of {policy.min_dwell_s:g} s',
                         drives, signals, state, phi, now_s)
    if best != state.mode and drives[best] > drives[state.mode] + policy.hysteresis:
        reason = (f'drive {drives[best]:.2f} beats {state.mode} {drives[state.mode]:.2f} '
                  f'by more than {policy.hysteresis:g}')
        return _decision(best, reason, drives, signals, state, phi, now_s)
    return _decision(state.mode, 'strongest drive', drives, signals, state, phi, now_s)


def _decision(mode: str, reason: str, drives: Mapping[str, float],
              signals: Mapping[str, float], state: PolicyState, phi: Phi, now_s: float,
              override: tuple[int, float] = (-1, 0.0)) -> Decision:
    since_s = state.since_s if mode == state.mode else now_s
    policy = phi.modes.get(mode)
    return Decision(mode, reason, drives, dict(signals),
                    policy.modulate(signals) if policy is not None else Modulation(),
                    PolicyState(mode, since_s, *override))


def load_phi(text: str) -> Phi:
    """
    Read the table from YAML; `check_modes` and `check_signals` compare it with what exists.

    Without them a record can be read on a machine that lacks a mode or a package of signals.

    :raises PhiError: not YAML, an unknown key, one that stands twice, another version, or a value
        of the wrong type or out of bounds.
    """
    raw = _READ.load(text, ('modes', 'overrides'))
    modes = {name: _policy(f'phi.modes.{name}', item)
             for name, item in _READ.mapping('phi.modes', raw.get('modes')).items()}
    listed = _READ.sequence('phi.overrides', raw.get('overrides'))
    rules = tuple(_override(f'phi.overrides[{i}]', item) for i, item in enumerate(listed))
    return Phi(modes, rules)


def _policy(where: str, raw: Any) -> ModePolicy:
    raw = _READ.mapping(where, raw, [f.name for f in fields(ModePolicy)])
    try:
        modulation = from_mapping(Modulation, _READ.mapping(
            f'{where}.modulation', raw.get('modulation'), list(_MODULATIONS), empty=True))
    except ConfigError as error:
        raise PhiError(f'{where}.modulation: {error}') from error
    numbers = {key: _READ.number(f'{where}.{key}', raw[key], low, _MOST)
               for key, low in (('bias', -_MOST), ('hysteresis', 0.0), ('min_dwell_s', 0.0))
               if key in raw}
    if 'bias' not in numbers:
        raise PhiError(f'{where}: bias is missing')
    moved = {name: _weights(f'{where}.modulated.{name}', item) for name, item in _READ.mapping(
        f'{where}.modulated', raw.get('modulated'), _GRADED, empty=True).items()}
    return ModePolicy(weights=_weights(f'{where}.weights', raw.get('weights')),
                      modulation=modulation, modulated=moved, **numbers)


def _weights(where: str, raw: Any) -> dict[str, float]:
    return {signal: _READ.number(f'{where}.{signal}', weight, -_MOST, _MOST)
            for signal, weight in _READ.mapping(where, raw, empty=True).items()}


def _override(where: str, raw: Any) -> Override:
    raw = _READ.mapping(where, raw, [f.name for f in fields(Override)])
    if not isinstance(raw.get('signal'), str) or not isinstance(raw.get('mode'), str):
        raise PhiError(f'{where}: expected a signal and a mode, got {shown(raw)}')
    if ('above' in raw) == ('below' in raw) or 'until' not in raw:
        raise PhiError(f"{where}: expected one of 'above' and 'below', and 'until'")
    numbers = {key: _READ.number(f'{where}.{key}', raw[key], 0.0, 1.0)   # as signals are
               for key in ('above', 'below', 'until') if key in raw}
    if 'settle_s' in raw:
        numbers['settle_s'] = _READ.number(f'{where}.settle_s', raw['settle_s'], 0.0, 3600.0)
    rule = Override(raw['signal'], raw['mode'], **numbers)
    if (rule.above is not None and rule.until > rule.above) or (
            rule.below is not None and rule.until < rule.below):
        raise PhiError(f"{where}: 'until' must lie on the well side of the threshold, got "
                       f'{shown(raw)}')
    return rule
