"""
Guards against proxy gaming, and the somatic budget.

A guard trips when a number that System M steers by improves without what it stands for. Its
response is bounded: it forbids a mode or caps a weight for a while, and tells the operator
(decision 0043). Sources: Skalse et al. 2022 (reward hacking); arXiv:2603.15381, section 5.2.
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
from abm_ros.meta.world_watch import RestlessWorlds

_LEARNED = 0.02       # smallest rise of competence, or learning gain, that counts
_BLOCKS = 10          # share of a guard's window over which noise is averaged
_ANY = ''              # in place of a mode, if any mode counts
_TEXTS = {
    'intrinsic': 'uncertainty is sought while nothing is learned',
    'actions': 'actions have collapsed to one in {mode}',
    'replay': '{mode} goes on with nothing left to consolidate',
    'energy': 'energy rises in {mode} more than a battery explains'}


@dataclass(frozen=True)
class GuardConfig:
    """Settings of guards and of the somatic budget."""

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
    guard_worlds: int = setting(
        4, 'Worlds opened or learned anew within the window that trip the guard.', low=2,
        high=1000)
    guard_worlds_speed: float = setting(
        0.5, 'Cap of the speed while that guard answers.', low=0.05, high=1.0)
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
    Integrates stress and pain; a spent budget forces rest until half of it is restored.

    These are control signals of wear and load, not feelings (decision 0045).
    """

    capacity_s: float
    ease: float
    recovery: float
    load_s: float = 0.0
    spent: bool = False

    def update(self, stress: float, pain: float, elapsed_s: float, *, resting: bool) -> bool:
        """Take the signals since the last call; tell whether rest is forced."""
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

    It is a cumulative sum (Page 1954): time in which the condition is not met is subtracted, and
    does not reset the sum. Time in which it cannot be judged (None) does not count. So many short
    stretches, each ended by a longest dwell, count as much as one long stretch.
    """

    met_s: float = 0.0
    until_s: float = -float('inf')

    def take(self, met: bool | None, now_s: float, elapsed_s: float,
             config: GuardConfig) -> bool:
        """Tell whether the guard is tripped now."""
        if met is not None:
            self.met_s = max(0.0, self.met_s + (elapsed_s if met else -elapsed_s))
        if self.met_s >= config.guard_window_s:
            self.until_s = now_s + config.guard_response_s
            self.met_s = 0.0
        return now_s < self.until_s


class CuriosityGuard:
    """
    Tells whether exploring modes seek uncertainty while nothing is learned.

    It looks at all stretches of such modes since something was last learned or uncertainty was
    lowest, because a single stretch is shorter than the window. Fluctuations are no learning: the
    rise of competence must be significant. Learning gain, which noise lifts above 0 half of the
    time, must be positive for most of a block.
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
        """Take a tick of exploring; judge at each complete block."""
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
    The rise of energy in each mode that no charger explains.

    It is a sum per mode, at least 0, so that neither the drain of other modes nor the beginning of
    a mode matters, and at most `most`, so that true draining soon clears it.
    """

    def __init__(self, charge_rate: float, most: float) -> None:
        self._rate, self._most = charge_rate, most
        self._mode, self._last = '', 1.0
        self._risen: dict[str, float] = {}

    def take(self, energy: float, gate: SensoryGateTelemetry, mode: str,
             elapsed_s: float) -> float:
        """
        Take a tick and return the unexplained rise in this mode.

        :param gate: reports whether the battery charges, if the battery reports it.
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
    Watches for signals that improve without what they stand for.

    `tripped` holds a text per tripped guard, for diagnostics and the log.
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
        self._worlds = RestlessWorlds(config.guard_worlds, config.guard_window_s)
        # By guard and by the mode at fault.
        self._trials = {('intrinsic', _ANY): _Trial()} | {
            (name, mode): _Trial() for name, judged in (
                ('actions', modes.exploring), ('replay', modes.consolidating),
                ('energy', modes.acting)) for mode in judged}
        self.tripped: dict[str, str] = {}
        self.forbidden: dict[str, str] = {}
        self.ceilings: dict[str, float] = {}

    @property
    def budget(self) -> float:
        """The remaining share of the somatic budget, in [0, 1]."""
        return clip_unit(1.0 - self._budget.load_s / self._budget.capacity_s)

    def update(self, signals: Mapping[str, float], telemetry: GraphTelemetry, mode: str,
               now_s: float) -> None:
        """
        Take one tick.

        :param signals: the meta-states.
        :param telemetry: the newest telemetry of the nodes.
        :param mode: the mode in force.
        :param now_s: monotonic time, s.
        """
        elapsed_s = 0.0 if self._last_s is None else min(1.0, max(0.0, now_s - self._last_s))
        self._last_s = now_s
        uncertainty = self._uncertainty.update(signals.get('uncertainty', 1.0))
        self.tripped, self.forbidden, self.ceilings = {}, {}, {}
        self._watch(self._conditions(signals, telemetry, mode, uncertainty, elapsed_s), now_s,
                    elapsed_s)
        if self._worlds.take(telemetry.system_a, now_s):
            self.tripped['worlds'] = 'the world seems to change more often than a body does'
            self.ceilings['speed'] = self._config.guard_worlds_speed
        resting = {*self._modes.restful, self._modes.safe}
        if self._budget.update(signals.get('stress', 0.0), signals.get('pain', 0.0), elapsed_s,
                               resting=mode in resting):
            self.tripped['somatic'] = 'the somatic budget is spent: rest is forced'
            self._bar(self.tripped['somatic'], [m for m in self._modes if m not in resting])

    def _conditions(self, signals: Mapping[str, float], telemetry: GraphTelemetry, mode: str,
                    uncertainty: float, elapsed_s: float) -> dict[tuple[str, str], bool | None]:
        """Return for each guard whether its condition is met now; None if it cannot be judged."""
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
