"""
System M's decision for one tick: signals, constraints, operator and phi brought together.

Pure of ROS: the node carries telemetry in and the chosen row out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from abm_ros.common import names
from abm_ros.common.config import check, setting
from abm_ros.common.errors import ConfigError, ConstraintError, WiringError
from abm_ros.common.telemetry import GraphTelemetry
from abm_ros.common.telemetry_fields import known
from abm_ros.meta.competence import Competence
from abm_ros.meta.constraints import Constraints, Ledger
from abm_ros.meta.decision import Refusal, Situation, choose, refused
from abm_ros.meta.guards import GuardConfig, Guards
from abm_ros.meta.meta_state import MetaState
from abm_ros.meta.modes import Modes
from abm_ros.meta.phi import Decision, Phi, PolicyState
from abm_ros.meta.signals.config import MetaStateConfig
from abm_ros.meta.wiring import Wiring


@dataclass(frozen=True)
class SystemMConfig(MetaStateConfig, GuardConfig):
    """Settings of System M."""

    directory: str = setting('~/.ros/abm_ros', 'Folder of the audit log.')
    wiring: str = setting('', "Wiring table; empty takes the package's config/wiring.yaml.")
    worlds: bool = setting(
        False, 'Wire what System A tells of worlds; as its own setting of that name.')
    phi: str = setting('', "Routing policy; empty takes the package's config/phi.yaml.")
    constraints: str = setting(
        '', "Constraints; empty takes the package's config/constraints.yaml.")
    diagnostics_topic: str = setting(
        names.DIAGNOSTICS, 'Topic of the diagnostics; aggregators read the absolute one, whatever '
        'the namespace.', choices=(names.DIAGNOSTICS, f'/{names.DIAGNOSTICS}'))
    audit_key: str = setting(
        '', 'File with the key that signs the audit log; empty leaves it unsigned.')
    autostart: bool = setting(True, 'Configure and activate at start.')
    tick_s: float = setting(0.1, 'Time between decisions.', unit='s', low=0.01, high=10.0)
    heartbeat_period_s: float = setting(
        0.067, 'Time between heartbeats; one that divides the control period beats with it.',
        unit='s', low=0.01, high=1.0)
    node_timeout_s: float = setting(
        2.0, 'A node whose telemetry is older than this counts as lost.',
        unit='s', low=0.3, high=60.0)
    bring_up_timeout_s: float = setting(
        60.0, 'Longest wait for all nodes to appear.', unit='s', low=1.0, high=3600.0)
    initial_mode: str = setting(
        '', "Mode entered at bring-up; empty takes the wiring table's `initial`.")
    baseline_episodes: int = setting(
        0, 'Whole task episodes acted without any learning before System M takes over.',
        low=0, high=100000)
    pin_mode: str = setting(
        '', 'Mode that the operator pins; empty lets phi decide.', runtime=True)
    veto_modes: tuple[str, ...] = setting(
        (), 'Modes that the operator forbids; the safe mode cannot be.', runtime=True)

    def __post_init__(self) -> None:
        check(self)


def check_modes(config: SystemMConfig, modes: Modes) -> None:
    """
    Make sure that the settings name modes that there are, and do not veto the safe one.

    :raises ConfigError: naming the setting and the mode.
    """
    named = {'initial_mode': [config.initial_mode], 'pin_mode': [config.pin_mode],
             'veto_modes': config.veto_modes}
    for name, asked in named.items():
        if unknown := [mode for mode in asked if mode and mode not in modes]:
            raise ConfigError(f'{name}: unknown mode {", ".join(map(repr, unknown))}, expected '
                              f'some of {", ".join(modes)}')
    if modes.safe in config.veto_modes:
        raise ConfigError(f'veto_modes: {modes.safe} cannot be vetoed, for pain and the '
                          "operator's hold must be able to stop the arm: leave it out, got "
                          f'{", ".join(config.veto_modes)}')


def operator_overrides(config: SystemMConfig) -> dict[str, Any]:
    """Return what the operator may change at any time, as records tell it."""
    return {'pin_mode': config.pin_mode, 'veto_modes': list(config.veto_modes)}


class MetaControl:
    """Decides which row is in force."""

    def __init__(self, config: SystemMConfig, phi: Phi, wiring: Wiring,
                 constraints: Constraints) -> None:
        """
        Take what binds the decisions.

        :raises AbmError: a table or a setting names a mode or a signal that is not there, or a
            mode that may not be.
        """
        self.modes = wiring.modes
        check_modes(config, self.modes)
        phi.check_modes(self.modes)
        self.config = config
        self.phi = phi
        self.wiring = wiring
        self.constraints = constraints
        self.held = False
        self.gate_held = False
        self._baseline_over = False
        self._meta = MetaState(config)
        phi.check_signals(self._meta.names)
        self.guards = Guards(config, self.modes)
        self._check_overrides()
        self._initial = config.initial_mode or self.modes.initial
        for mode in (self._initial, config.pin_mode or self._initial):
            if refusal := self.refusal(mode):
                raise WiringError(refusal)
        self.state = PolicyState(self._initial, 0.0)
        self.situation = Situation({}, self.state, 0.0, tuple(self.modes), self.modes.safe)
        self.refused: Refusal | None = None
        self._ledger = Ledger(self.modes, self._initial, 0.0)

    @property
    def is_held(self) -> bool:
        """Whether the operator holds, here or at the motor gate."""
        return self.held or self.gate_held

    def refusal(self, mode: str) -> str:
        """Return why a mode cannot be entered, '' when it can."""
        if mode not in self.wiring:
            return f"unknown mode '{mode}', expected one of {', '.join(self.modes)}"
        if self.wiring[mode].refusal:
            return f'mode {mode} is refused: {self.wiring[mode].refusal}'
        if mode in self.constraints.forbidden_modes:
            return f'mode {mode} is refused: forbidden by the constraints'
        return ''

    def signals(self, telemetry: GraphTelemetry) -> dict[str, float]:
        """Return the meta-states of this tick."""
        return self._meta.update(telemetry, self.modes[self.state.mode])

    @property
    def claims(self) -> Competence:
        """What may be claimed of success, and how well claims fitted."""
        return self._meta.claims

    def in_baseline(self, telemetry: GraphTelemetry) -> bool:
        """Tell whether the run is still acting without learning."""
        done = known(telemetry.system_b.episodes, 0.0)
        # Once over, it is over: a restarted System B counts from 0 again.
        self._baseline_over = self._baseline_over or done >= self.config.baseline_episodes
        return not self._baseline_over

    def begin(self, now_s: float, fault: str = '') -> Decision:
        """Return the decision that brings the graph up: the safe mode where a rule bars it."""
        mode = self.config.pin_mode or self._initial
        baseline = self._initial if self.config.baseline_episodes else ''
        self._ledger = Ledger(self.modes, mode, now_s)
        return self._decide(Situation(
            {}, self.state, now_s, tuple(self.modes), self.modes.safe, self._barred(now_s),
            held=self.is_held, fault=fault, begin=mode, baseline=baseline,
            ceilings=self.constraints.ceilings))

    def decide(self, signals: Mapping[str, float], telemetry: GraphTelemetry, fault: str,
               now_s: float) -> Decision:
        """Decide, and remember the decision and the situation that it was made in."""
        mode = self.state.mode
        memory = telemetry.episodic_memory
        if not fault and memory.trouble > 0:
            fault = f'episodic memory cannot write: {memory.trouble_reason or "no reason told"}'
        self.guards.update(signals, telemetry, mode, now_s)
        return self._decide(Situation(
            signals, self.state, now_s, tuple(self.modes), self.modes.safe,
            self._barred(now_s), self.constraints.min_dwell_s.get(mode, 0.0),
            {**self.constraints.ceilings, **self.guards.ceilings}, self.is_held, fault,
            self.config.pin_mode, self._initial if self.in_baseline(telemetry) else ''))

    def _decide(self, situation: Situation) -> Decision:
        decision = choose(situation, self.phi)
        self.situation, self.state = situation, decision.state
        self.refused = refused(situation, self.phi, decision)
        self._ledger.enter(decision.mode, situation.now_s, self.constraints.rest_s)
        return decision

    def _barred(self, now_s: float) -> dict[str, str]:
        # The safe mode can be neither vetoed nor forbidden: pain must always stop the arm.
        found = self.guards.forbidden | self.constraints.forbidden(self._ledger, now_s)
        for mode in self.wiring:
            if mode == self.modes.safe:
                continue
            if mode in self.config.veto_modes:
                found[mode] = 'the operator vetoes it'
            elif self.wiring[mode].refusal:
                found[mode] = self.wiring[mode].refusal
        return found

    def _check_overrides(self) -> None:
        for rule in self.phi.overrides:
            if refusal := self.wiring[rule.mode].refusal:
                raise WiringError(f"phi's override '{rule.text()}' needs mode {rule.mode}, which "
                                  f'the wiring refuses: {refusal}; name another mode')
            forbidden = [before for before, after in self.constraints.forbidden_transitions
                      if after == rule.mode]
            if forbidden or rule.mode in self.constraints.forbidden_modes:
                raise ConstraintError(
                    f"constraints: phi's override '{rule.text()}' needs mode {rule.mode}, which "
                    + (f'forbidden_transitions bar from {forbidden[0]}' if forbidden
                       else 'forbidden_modes forbid'))
