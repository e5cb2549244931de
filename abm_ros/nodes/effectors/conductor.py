"""The conductor: carries System M's decisions out, safely and on the record."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from rclpy.impl.rcutils_logger import RcutilsLogger

from abm_ros.common import names
from abm_ros.common.errors import AbmError, GraphError
from abm_ros.meta.audit.log import AuditLog
from abm_ros.meta.decision import Refusal, table_hash, to_record
from abm_ros.meta.gate_watch import GateWatch
from abm_ros.meta.meta_control import Health, MetaControl, SystemMConfig, operator_overrides
from abm_ros.meta.phi import Decision, Modulation
from abm_ros.meta.self_report import Told, self_report
from abm_ros.nodes.effectors.mode_settings import modulation_settings, with_settings
from abm_ros.nodes.effectors.rewirer import Rewirer

# Modulations follow their signals at most this often; what is wired does not change by them.
_MODULATE_PERIOD_S = 2.0


class Conductor:
    """Applies decisions through the rewirer; used by System M's decision thread."""

    def __init__(self, control: MetaControl, rewirer: Rewirer, audit: AuditLog,
                 incarnation: str, logger: RcutilsLogger, tables: Mapping[str, str],
                 launched: Mapping[str, Any]) -> None:
        """
        Take over; the audit log starts with what binds the decisions.

        :param tables: the texts of 'phi' and 'constraints'.
        :param launched: the pin and the vetoes given at start; `control` has those in force.
        """
        self.control = control
        self.mode = ''
        self.motors_open = False
        # How often the motors were shut: whoever opens them must know of nothing newer.
        self._closings = 0
        self._motors_lock = threading.Lock()
        self.rewiring = False
        self.fault = ''
        self.signals: Mapping[str, float] = {}
        self.announce: Callable[[str], None] = lambda mode: None
        self.tell: Callable[[str], None] = lambda report: None
        self._rewirer = rewirer
        self._audit = audit
        self._logger = logger
        self._audit_lock = threading.Lock()
        self._incarnation = incarnation
        self._incarnations: dict[str, str] = {}
        self._modulation: Modulation | None = None
        self._last_error = self._repairing = ''
        self._counts = {'switches': 0.0, 'degraded': 0.0, 'gate_shut_ms': 0.0, 'full_ms': 0.0}
        self._phi_hash = table_hash(tables['phi'])
        self._modulated_s = -float('inf')
        self._told = Told()
        self._gate_watch = GateWatch()
        self._refused: Refusal | None = None
        self._tripped: dict[str, str] = {}
        self._record('start', incarnation=incarnation, phi=self._phi_hash,
                     phi_text=tables['phi'], constraints_text=tables['constraints'],
                     launched=dict(launched), **operator_overrides(control.config))

    def telemetry(self) -> Mapping[str, float]:
        """Return counters, the times of the last rewiring, and the signals of the last tick."""
        return {**self._counts, **self.signals}

    def bring_up(self, timeout_s: float, stop: threading.Event) -> None:
        """
        Wait for all nodes, then enter the initial mode.

        :param stop: ends the waiting early.
        :raises GraphError: nodes are missing.
        """
        self._rewirer.wait_ready(timeout_s, stop)
        self._enter(self.control.begin(time.monotonic()))

    def turn(self, health: Health, now_s: float) -> dict[str, float]:
        """Run one tick: check the nodes, decide, take effect; return the signals."""
        raw = health.raw()
        self._check_health(health, now_s)
        self._follow_gate(raw)
        self._check_modulation()
        signals = self.signals = self.control.signals(raw)
        decision = self.control.decide(signals, raw, self.fault, now_s)
        self._note_guards()
        self._note_refusal()
        # Motors that were shut in an emergency open again only by entering the mode anew.
        closed = self.control.wiring[decision.mode].motors_open and not self.motors_open
        if decision.mode != self.mode or closed or self._gate_stays_shut(health, now_s):
            self._enter(decision)
        elif decision.modulation != self._modulation and not self.fault and (
                not self._rewirer.waits and now_s - self._modulated_s >= _MODULATE_PERIOD_S):
            self._modulated_s = now_s
            self._modulate(decision)
        if self._told.may(self.control.situation.now_s):
            self._tell(self.report(decision))
        return signals

    def report(self, decision: Decision) -> str:
        """Return what the robot says of itself."""
        return self_report(decision, self.control.claims, self.control.guards.tripped)

    def _tell(self, report: str) -> None:
        if self._told.news(report, self.control.situation.now_s):
            self.tell(report)

    def _note_guards(self) -> None:
        """Log guards as they trip and as they end."""
        tripped = self.control.guards.tripped
        for name in tripped.keys() ^ self._tripped.keys():
            text = tripped.get(name, '')
            self._record('guard', name=name, what=text or 'over')
            if text:
                self._logger.error(f'guard {name}: {text}')
        self._tripped = dict(tripped)

    def _note_refusal(self) -> None:
        """Log what a rule refused, once until something else is refused or nothing is."""
        refusal = self.control.refused
        if refusal is not None and refusal != self._refused:
            self._record('refused', mode=self.mode, wanted=refusal.wanted, rule=refusal.rule)
        self._refused = refusal

    def hold(self, held: bool) -> None:
        """Take the operator's hold or release; holding shuts the motors at once."""
        if held:
            self.control.held = True
            self.close_motors()
        self._record('intervention', action='hold' if held else 'release')
        self.control.held = held

    def _follow_gate(self, raw: Mapping[str, Mapping[str, float]]) -> None:
        """Note a hold that the operator gave to the gate itself."""
        held = raw.get(names.MOTOR_GATE, {}).get('held', 0.0) > 0
        if held != self.control.gate_held:
            self.control.gate_held = held
            if held:
                self.close_motors()
            self._record('intervention', action='hold' if held else 'release', at='motor_gate')

    def _gate_stays_shut(self, health: Health, now_s: float) -> bool:
        """Tell whether the gate must be told anew to open, and note that it shut by itself."""
        gate = health.values(names.MOTOR_GATE)
        shut = self.motors_open and gate.get('open') == 0.0 and gate.get('tripped', 1.0) > 0
        if not self._gate_watch.overdue(shut, now_s):
            return False
        reason = health.words(names.MOTOR_GATE, 'shut')
        self._record('gate_shut', mode=self.mode, reason=reason)
        self._logger.error(f'the motor gate shut by itself and is told again: {reason}')
        self._rewirer.forget(names.MOTOR_GATE)
        return True

    def reconfigure(self, config: SystemMConfig) -> None:
        """
        Take new runtime settings: a pin or a veto.

        :raises GraphError: it cannot be recorded, so it does not take effect.
        """
        self._record('intervention', **operator_overrides(config))
        self.control.config = config

    def close_motors(self) -> int:
        """Let no heartbeat say "open" until the next mode that opens them; any thread may."""
        with self._motors_lock:
            self.motors_open = False
            self._closings += 1
            return self._closings

    def _open_motors(self, closing: int) -> None:
        """Open what was shut by this closing, unless somebody shut them since."""
        with self._motors_lock:
            self.motors_open = closing == self._closings and not self.control.is_held

    def close(self) -> None:
        """Close the audit log."""
        self._record('stop', mode=self.mode)
        self._audit.close()

    def _check_health(self, health: Health, now_s: float) -> None:
        restarted = []
        for node in health.nodes:
            seen = health.incarnation(node)
            if seen and self._incarnations.setdefault(node, seen) != seen:
                self._incarnations[node] = seen
                restarted.append(node)
        for node in restarted:
            self._rewirer.forget(node)
        if names.MOTOR_GATE in restarted and self.control.gate_held:
            self.hold(True)   # the new gate does not know of the operator's hold
            self.control.gate_held = False
        lost = health.lost(now_s)
        if lost:
            self._degrade(f'lost {", ".join(lost)}')
        elif restarted:
            self._degrade(f'{", ".join(restarted)} restarted')
        if self.fault and not lost and self.mode == self.control.modes.safe:
            self._repair(health)

    def _degrade(self, fault: str) -> None:
        if fault == self.fault:
            return
        self.close_motors()
        self._record('degrade', fault=fault, mode=self.mode)
        self._logger.error(f'degrading to {self.control.modes.safe}: {fault}')
        self._counts['degraded'] += 1
        self.fault = fault

    def _repair(self, health: Health) -> None:
        """All nodes are heard again: bring them to the safe mode before deciding freely."""
        try:
            for node in health.nodes:
                self._rewirer.forget(node)
            self._rewirer.wait_ready(1.0)
            if self._repairing != self.fault:   # once a fault, not at every try
                self._record('repairing', fault=self.fault, mode=self.control.modes.safe)
                self._repairing = self.fault
            row = self.control.wiring[self.control.modes.safe]
            self._rewirer.apply(with_settings(row, Modulation(0.0, 0.0), self._incarnation,
                                              self.control.constraints.speed_limit))
        except GraphError as error:
            self._complain(error)
            return
        self._record('repaired', fault=self.fault)
        self._logger.info(f'repaired after: {self.fault}')
        self.fault, self._repairing, self._last_error = '', '', ''

    def _enter(self, decision: Decision) -> None:
        row = self.control.wiring[decision.mode]
        closing = self.close_motors()
        self.announce(self.mode or decision.mode)
        self._tell(f'Entering {decision.mode}: {decision.reason}.')
        self._record('mode', **to_record(self.control.situation, decision, self._phi_hash))
        self.rewiring = True
        try:
            report = self._rewirer.apply(with_settings(
                row, decision.modulation, self._incarnation,
                self.control.constraints.speed_limit))
            self._modulation = decision.modulation
        except GraphError as error:
            self._failed(error, decision.mode)
            return
        finally:
            self.rewiring = False
        self._counts['switches'] += 1.0 if self.mode else 0.0
        self._counts['gate_shut_ms'] = report.gate_shut_s * 1e3
        self._counts['full_ms'] = report.full_s * 1e3
        self.mode = decision.mode
        if row.motors_open:
            self._open_motors(closing)
        self.announce(self.mode)
        self._tell(self.report(decision))
        self._logger.info(f'{self.mode}: {decision.reason} '
                          f'(rewired in {report.full_s * 1e3:.0f} ms)')

    def _failed(self, error: GraphError, wanted: str) -> None:
        """Shut the gate after a failed rewiring; call it freeze and repair from there."""
        self.close_motors()
        self._complain(error)
        self._record('rewire_failed', mode=wanted, error=str(error))
        if not self._rewirer.shut_gate():
            self._logger.error('the motor gate does not confirm; its deadman shuts it')
        self.mode = self.control.modes.safe
        self._degrade(str(error))
        self.announce(self.control.modes.safe)
        self._tell(f'Frozen: {error}.')

    def _modulate(self, decision: Decision) -> None:
        """Send the modulation; the nodes' answers are looked at from the next tick on."""
        self._record('modulate', **to_record(self.control.situation, decision, self._phi_hash))
        for node, changes in modulation_settings(decision.modulation).items():
            self._rewirer.modulate(node, changes)
        self._modulation = decision.modulation

    def _check_modulation(self) -> None:
        try:
            self._rewirer.check()
        except GraphError as error:
            self._failed(error, self.mode)

    def _complain(self, error: GraphError) -> None:
        if str(error) != self._last_error:
            self._logger.error(str(error))
        self._last_error = str(error)

    def _record(self, kind: str, **body: Any) -> None:
        """Write the audit record before the effect; without a record there is no effect."""
        try:
            with self._audit_lock:
                self._audit.append(kind, **body)
        except (AbmError, OSError) as error:
            self.close_motors()
            raise GraphError(f'the audit log cannot be written, so nothing may take effect: '
                             f'{error}') from error
