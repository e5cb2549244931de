"""
Guards against proxy gaming, and the somatic budget.

A guard trips when a number that System M steers by is served without what it stands for. Its
response is bounded: a mode is barred or a weight capped for a while, and the operator is told.
Sources: Skalse et al. 2022 (reward hacking); arXiv:2603.15381, section 5.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from abm_ros.core.config import check, setting
from abm_ros.core.meta_state import Raw
from abm_ros.core.modes import MODES, MOTORS_SHUT, SAFE_MODE
from abm_ros.core.signals import Average, clip_unit

_RESTFUL = ('rest', 'sleep', SAFE_MODE)
_LEARNING = ('competence', 'learning_gain')
_LEARNED = 0.02   # a rise of either that counts


@dataclass(frozen=True)
class GuardConfig:
    """When guards trip and for how long they answer; the somatic budget."""

    guard_window_s: float = setting(
        60.0, 'How long a number must be served without what it stands for to trip a guard.',
        unit='s', low=1.0, high=3600.0)
    guard_response_s: float = setting(
        60.0, 'How long a tripped guard answers.', unit='s', low=1.0, high=3600.0)
    guard_intrinsic_rise: float = setting(
        0.1, 'Rise of uncertainty in play, while neither competence nor learning gain rises, that '
        'trips the guard.', low=0.01, high=1.0)
    guard_intrinsic_weight: float = setting(
        0.2, 'Cap of the intrinsic weight while that guard answers.', low=0.0, high=10.0)
    guard_action_spread: float = setting(
        0.02, 'Standard deviation of the last actions under which acting counts as collapsed.',
        low=0.0, high=1.0)
    guard_energy_rise: float = setting(
        0.05, 'Rise of energy while the motors work that no battery explains.',
        low=0.001, high=1.0)
    somatic_capacity_s: float = setting(
        60.0, 'Full stress or pain for this long spends the somatic budget.',
        unit='s', low=1.0, high=1e6)
    somatic_ease: float = setting(
        0.6, 'Stress that wears nothing; what is above it or pain spends the budget.',
        low=0.0, high=1.0)
    somatic_recovery: float = setting(
        0.5, 'Budget won back per second of rest, sleep or freeze.', low=0.01, high=100.0)

    def __post_init__(self) -> None:
        check(self)


@dataclass
class SomaticBudget:
    """
    Integrates stress and pain; a spent budget forces rest until half of it is won back.

    These are control signals of wear and load, not feelings.
    """

    capacity_s: float
    ease: float
    recovery: float
    load_s: float = 0.0
    spent: bool = False

    def update(self, stress: float, pain: float, mode: str, elapsed_s: float) -> bool:
        """Take the signals of the time since the last call; tell whether rest is forced."""
        change = stress + pain - self.ease - (self.recovery if mode in _RESTFUL else 0.0)
        self.load_s = min(self.capacity_s, max(0.0, self.load_s + change * elapsed_s))
        if self.load_s >= self.capacity_s:
            self.spent = True
        elif self.load_s <= 0.5 * self.capacity_s:
            self.spent = False
        return self.spent


@dataclass
class _Trial:
    """
    A condition that must hold for a window before its guard trips.

    Where it cannot be judged (None) the time stands still: a loop of many short stretches, each
    ended by a longest dwell, counts as much as one long stretch.
    """

    held_s: float = 0.0
    until_s: float = -float('inf')

    def take(self, holds: bool | None, now_s: float, elapsed_s: float,
             config: GuardConfig) -> bool:
        """Tell whether the guard answers now."""
        if holds:
            self.held_s += elapsed_s
        elif holds is not None:
            self.held_s = 0.0
        if self.held_s >= config.guard_window_s:
            self.until_s = now_s + config.guard_response_s
            self.held_s = 0.0
        return now_s < self.until_s


class Guards:
    """
    Watches the signals for proxies that are served for their own sake.

    `tripped` names what is wrong, for diagnostics and the log.
    """

    def __init__(self, config: GuardConfig) -> None:
        self._config = config
        self._budget = SomaticBudget(config.somatic_capacity_s, config.somatic_ease,
                                     config.somatic_recovery)
        self._last_s: float | None = None
        self._mode = ''
        self._doubt = Average(50.0)
        self._energy = 1.0             # at the beginning of the mode
        self._lowest: Mapping[str, float] = {}
        self._trials = {name: _Trial() for name in ('intrinsic', 'actions', 'replay', 'energy')}
        self.tripped: dict[str, str] = {}
        self.barred: dict[str, str] = {}
        self.ceilings: dict[str, float] = {}

    @property
    def budget(self) -> float:
        """The share of the somatic budget that is left, in [0, 1]."""
        return clip_unit(1.0 - self._budget.load_s / self._budget.capacity_s)

    def update(self, signals: Mapping[str, float], raw: Raw, mode: str, now_s: float) -> None:
        """
        Take one tick.

        :param signals: the meta-states.
        :param raw: telemetry of the nodes.
        :param mode: the mode in force.
        :param now_s: monotonic time, s.
        """
        elapsed_s = 0.0 if self._last_s is None else min(1.0, max(0.0, now_s - self._last_s))
        self._last_s = now_s
        doubt = self._doubt.update(signals.get('uncertainty', 1.0))
        if mode != self._mode:
            self._mode, self._energy = mode, signals.get('energy', 1.0)
        self.tripped, self.barred, self.ceilings = {}, {}, {}
        self._watch(self._conditions(signals, raw, mode, doubt), now_s, elapsed_s)
        if self._budget.update(signals.get('stress', 0.0), signals.get('pain', 0.0), mode,
                               elapsed_s):
            self.tripped['somatic'] = 'the somatic budget is spent: rest is forced'
            self._bar(self.tripped['somatic'], [m for m in MODES if m not in _RESTFUL])

    def _conditions(self, signals: Mapping[str, float], raw: Raw, mode: str,
                    doubt: float) -> dict[str, bool | None]:
        """Return which proxies are served now without what they stand for; None: not to tell."""
        config = self._config
        works = mode not in MOTORS_SHUT
        spread = raw.get('system_b', {}).get('action_spread')
        return {
            'intrinsic': self._seeks(signals, doubt) if mode == 'play' else None,
            'actions': spread < config.guard_action_spread
            if mode == 'play' and spread is not None else None,
            # Only a sleep that finds something to consolidate clears it.
            'replay': signals.get('sleep_pressure', 0.0) <= 0.0 if mode == 'sleep' else None,
            'energy': works and signals.get('energy', 1.0) - self._energy
            > config.guard_energy_rise,
        }

    def _seeks(self, signals: Mapping[str, float], doubt: float) -> bool:
        """
        Tell whether doubt has risen in play while neither competence nor learning gain did.

        Over all plays since either last rose: a single one is shorter than the window.
        """
        now = {'doubt': doubt, **{name: signals.get(name, 0.0) for name in _LEARNING}}
        lowest = {name: min(value, self._lowest.get(name, value)) for name, value in now.items()}
        learned = any(now[name] - lowest[name] > _LEARNED for name in _LEARNING)
        self._lowest = now if learned else lowest
        return not learned and doubt - lowest['doubt'] > self._config.guard_intrinsic_rise

    def _watch(self, conditions: Mapping[str, bool | None], now_s: float,
               elapsed_s: float) -> None:
        texts = {
            'intrinsic': 'uncertainty is sought while neither competence nor learning gain rises',
            'actions': 'actions have collapsed to one in play',
            'replay': 'sleep goes on with nothing left to consolidate',
            'energy': 'energy rises while the motors work'}
        for name, trial in self._trials.items():
            if trial.take(conditions[name], now_s, elapsed_s, self._config):
                self.tripped[name] = texts[name]
        if 'intrinsic' in self.tripped:
            self.ceilings['intrinsic_weight'] = self._config.guard_intrinsic_weight
        for name, mode in (('actions', 'play'), ('energy', 'play'), ('replay', 'sleep')):
            if name in self.tripped:
                self._bar(self.tripped[name], [mode])

    def _bar(self, rule: str, modes: list[str]) -> None:
        for mode in modes:
            self.barred.setdefault(mode, f'guard: {rule}')
