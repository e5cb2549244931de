"""
Guards against proxy gaming, and the somatic budget.

A guard trips when a number that System M steers by is served without what it stands for. Its
response is bounded: a mode is barred or a weight capped for a while, and the operator is told.
Sources: Skalse et al. 2022 (reward hacking); arXiv:2603.15381, section 5.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan

from abm_ros.common.config import check, setting
from abm_ros.common.scaling import clip_unit
from abm_ros.common.telemetry import GraphTelemetry, SensoryGateTelemetry
from abm_ros.meta.modes import Modes
from abm_ros.meta.signals.averages import Average
from abm_ros.meta.trend import Trend

_LEARNED = 0.02       # a rise of competence, or a learning gain, that counts
_BLOCKS = 10          # of a guard's window, in which noise is averaged out
_ANY = ''              # in place of a mode, where it does not matter in which of them
_TEXTS = {
    'intrinsic': 'uncertainty is sought while nothing is learned',
    'actions': 'actions have collapsed to one in {mode}',
    'replay': '{mode} goes on with nothing left to consolidate',
    'energy': 'energy rises in {mode} more than a battery explains'}


@dataclass(frozen=True)
class GuardConfig:
    """When guards trip and for how long they answer; the somatic budget."""

    guard_window_s: float = setting(
        60.0, 'How long a number must be served without what it stands for to trip a guard.',
        unit='s', low=1.0, high=3600.0)
    guard_response_s: float = setting(
        60.0, 'How long a tripped guard answers.', unit='s', low=1.0, high=3600.0)
    guard_intrinsic_rise: float = setting(
        0.1, 'Rise of uncertainty in modes that explore, while competence does not rise and no '
        'learning gain lasts, that trips the guard.', low=0.01, high=1.0)
    guard_intrinsic_weight: float = setting(
        0.2, 'Cap of the intrinsic weight while that guard answers.', low=0.0, high=10.0)
    guard_action_spread: float = setting(
        0.02, 'Standard deviation of the last actions under which acting counts as collapsed.',
        low=0.0, high=1.0)
    guard_energy_rise: float = setting(
        0.05, 'Rise of energy in a mode in which the motors work, beyond what a charger explains, '
        'that is not believed.', low=0.001, high=1.0)
    guard_charge_rate: float = setting(
        0.005, 'Fastest rise of energy that a charger explains where the battery does not tell '
        'whether it charges; one that tells that it does not explains none.', unit='1/s',
        low=0.0, high=1.0)
    somatic_capacity_s: float = setting(
        60.0, 'Stress and pain above somatic_ease, added up over time, that spend the somatic '
        'budget; as they are set, full stress alone takes 150 s, full pain with it 43 s.',
        unit='s', low=1.0, high=1e6)
    somatic_ease: float = setting(
        0.6, 'Stress that wears nothing; what is above it or pain spends the budget.',
        low=0.0, high=1.0)
    somatic_recovery: float = setting(
        0.5, 'Budget won back per second of a restful mode or of the safe one.', low=0.01,
        high=100.0)

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

    def update(self, stress: float, pain: float, elapsed_s: float, *, resting: bool) -> bool:
        """Take the signals of the time since the last call; tell whether rest is forced."""
        change = stress + pain - self.ease - (self.recovery if resting else 0.0)
        self.load_s = min(self.capacity_s, max(0.0, self.load_s + change * elapsed_s))
        if self.load_s >= self.capacity_s:
            self.spent = True
        elif self.load_s <= 0.5 * self.capacity_s:
            self.spent = False
        return self.spent


@dataclass
class _Trial:
    """
    A condition that must be met for a window longer than it is not, before its guard trips.

    A cumulative sum (Page 1954): a moment in which it is not met takes back as much time as
    it lasted, not all. Where it cannot be judged (None) the time stands still: a loop of many
    short stretches, each ended by a longest dwell, counts as much as one long stretch.
    """

    met_s: float = 0.0
    until_s: float = -float('inf')

    def take(self, met: bool | None, now_s: float, elapsed_s: float,
             config: GuardConfig) -> bool:
        """Tell whether the guard answers now."""
        if met is not None:
            self.met_s = max(0.0, self.met_s + (elapsed_s if met else -elapsed_s))
        if self.met_s >= config.guard_window_s:
            self.until_s = now_s + config.guard_response_s
            self.met_s = 0.0
        return now_s < self.until_s


class CuriosityGuard:
    """
    Tells whether doubt is sought in modes that explore while nothing is learned.

    Since something was last learned or doubt was lowest, over all stretches of such modes: a
    single one is shorter than the window. Fluctuations are no learning: competence must rise for
    sure, and learning gain, which noise lifts from 0 half of the time, must stay up for most of a
    while.
    """

    def __init__(self, config: GuardConfig) -> None:
        self._least = config.guard_intrinsic_rise
        block_s = config.guard_window_s / _BLOCKS
        self._uncertainty, self._skill = Trend(block_s), Trend(block_s)
        self._gains = Trend(block_s)     # shares of time with learning gain
        self._lowest = float('inf')
        self._idle = False
        self.learned = False

    def idles(self, signals: Mapping[str, float], uncertainty: float, elapsed_s: float) -> bool:
        """Take a tick of exploring; judge anew with every complete block."""
        self.learned = False
        self._skill.take(signals.get('competence', 0.0), elapsed_s)
        self._gains.take(signals.get('learning_gain', 0.0) > _LEARNED, elapsed_s)
        if self._uncertainty.take(uncertainty, elapsed_s):
            self._judge()
        return self._idle

    def _judge(self) -> None:
        shares = self._gains.means[-2 * _BLOCKS:]
        gains = len(shares) >= _BLOCKS and sum(shares) > 0.5 * len(shares)
        self.learned = gains or self._skill.rise > _LEARNED
        last = self._uncertainty.means[-1]
        if self.learned or last < self._lowest:
            self._lowest = last
            self._uncertainty.restart()
            self._skill.restart()
        if self.learned:
            self._gains.restart()
        self._idle = self._uncertainty.rise > self._least


class EnergyRise:
    """
    How much energy rose in each mode beyond what charges it.

    Summed up mode by mode and never below 0, so that neither what another mode drains nor where
    a mode began matters; no further than to `most`, so that honest draining soon clears it.
    """

    def __init__(self, charge_rate: float, most: float) -> None:
        self._rate, self._most = charge_rate, most
        self._mode, self._last = '', 1.0
        self._risen: dict[str, float] = {}

    def take(self, energy: float, gate: SensoryGateTelemetry, mode: str,
             elapsed_s: float) -> float:
        """
        Take a tick and return what rose in this mode.

        :param gate: tells whether the battery charges, where the battery tells.
        """
        rise = energy - self._last if mode == self._mode else 0.0
        self._mode, self._last = mode, energy
        lawful = (self._rate * elapsed_s if isnan(gate.charging)
                  else max(0.0, rise) if gate.charging > 0 else 0.0)
        risen = self._risen.get(mode, 0.0) + rise - lawful
        self._risen[mode] = min(max(0.0, risen), self._most)
        return self._risen[mode]


class Guards:
    """
    Watches the signals for proxies that are served for their own sake.

    `tripped` names what is wrong, for diagnostics and the log.
    """

    def __init__(self, config: GuardConfig, modes: Modes) -> None:
        self._config = config
        self._modes = modes
        self._budget = SomaticBudget(config.somatic_capacity_s, config.somatic_ease,
                                     config.somatic_recovery)
        self._last_s: float | None = None
        self._uncertainty = Average(50.0)
        self._energy = EnergyRise(config.guard_charge_rate, 2.0 * config.guard_energy_rise)
        self._curiosity = CuriosityGuard(config)
        # By guard and by the mode that is at fault.
        self._trials = {('intrinsic', _ANY): _Trial()} | {
            (name, mode): _Trial() for name, judged in (
                ('actions', modes.exploring), ('replay', modes.consolidating),
                ('energy', modes.acting)) for mode in judged}
        self.tripped: dict[str, str] = {}
        self.forbidden: dict[str, str] = {}
        self.ceilings: dict[str, float] = {}

    @property
    def budget(self) -> float:
        """The share of the somatic budget that is left, in [0, 1]."""
        return clip_unit(1.0 - self._budget.load_s / self._budget.capacity_s)

    def update(self, signals: Mapping[str, float], telemetry: GraphTelemetry, mode: str,
               now_s: float) -> None:
        """
        Take one tick.

        :param signals: the meta-states.
        :param telemetry: what the nodes told last.
        :param mode: the mode in force.
        :param now_s: monotonic time, s.
        """
        elapsed_s = 0.0 if self._last_s is None else min(1.0, max(0.0, now_s - self._last_s))
        self._last_s = now_s
        uncertainty = self._uncertainty.update(signals.get('uncertainty', 1.0))
        self.tripped, self.forbidden, self.ceilings = {}, {}, {}
        self._watch(self._conditions(signals, telemetry, mode, uncertainty, elapsed_s), now_s,
                    elapsed_s)
        resting = {*self._modes.restful, self._modes.safe}
        if self._budget.update(signals.get('stress', 0.0), signals.get('pain', 0.0), elapsed_s,
                               resting=mode in resting):
            self.tripped['somatic'] = 'the somatic budget is spent: rest is forced'
            self._bar(self.tripped['somatic'], [m for m in self._modes if m not in resting])

    def _conditions(self, signals: Mapping[str, float], telemetry: GraphTelemetry, mode: str,
                    uncertainty: float, elapsed_s: float) -> dict[tuple[str, str], bool | None]:
        """Return which proxies are served now without what they stand for; None: not to tell."""
        config = self._config
        found: dict[tuple[str, str], bool | None] = {}
        roles = self._modes[mode]
        if roles.explores:
            found['intrinsic', _ANY] = self._curiosity.idles(signals, uncertainty, elapsed_s)
            if self._curiosity.learned:
                self._trials['intrinsic', _ANY].met_s = 0.0
            spread = telemetry.system_b.action_spread
            if not isnan(spread):
                found['actions', mode] = spread < config.guard_action_spread
        if roles.consolidates:
            found['replay', mode] = signals.get('sleep_pressure', 0.0) <= 0.0
        rise = self._energy.take(signals.get('energy', 1.0), telemetry.sensory_gate, mode,
                                 elapsed_s)
        if roles.acts:
            found['energy', mode] = rise > config.guard_energy_rise
        return found

    def _watch(self, conditions: Mapping[tuple[str, str], bool | None], now_s: float,
               elapsed_s: float) -> None:
        for (name, mode), trial in self._trials.items():
            if not trial.take(conditions.get((name, mode)), now_s, elapsed_s, self._config):
                continue
            self.tripped[name] = _TEXTS[name].format(mode=mode)
            if name == 'intrinsic':
                self.ceilings['intrinsic_weight'] = self._config.guard_intrinsic_weight
            else:
                self._bar(self.tripped[name], [mode])

    def _bar(self, rule: str, modes: list[str]) -> None:
        for mode in modes:
            self.forbidden.setdefault(mode, f'guard: {rule}')
