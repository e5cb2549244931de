"""The conductor: carries System M's decisions out, safely and on the record."""

import threading
import time
from collections.abc import Callable, Mapping

from rclpy.impl.rcutils_logger import RcutilsLogger

from abm_ros.common import names
from abm_ros.common.errors import GraphError
from abm_ros.common.telemetry import (
    EpisodicMemoryTelemetry,
    SensoryGateTelemetry,
    SystemMTelemetry,
)
from abm_ros.common.trust import trust_text
from abm_ros.meta.body_watch import BodyWatch
from abm_ros.meta.health import Health
from abm_ros.meta.meta_control import MetaControl
from abm_ros.meta.phi import Decision, Modulation
from abm_ros.meta.row_watch import RowWatch, stray_text
from abm_ros.meta.self_report import self_report
from abm_ros.meta.teacher_watch import TeacherWatch, trust_record_text
from abm_ros.meta.told_decision import told_decision
from abm_ros.meta.world_watch import WorldWatch, world_text
from abm_ros.nodes.effectors.announcer import Announcer
from abm_ros.nodes.effectors.audit_writer import AuditWriter
from abm_ros.nodes.effectors.faults import Faults
from abm_ros.nodes.effectors.gate_control import GateControl
from abm_ros.nodes.effectors.interventions import Interventions
from abm_ros.nodes.effectors.mode_settings import with_settings
from abm_ros.nodes.effectors.modulator import Modulator
from abm_ros.nodes.effectors.rewirer import Rewirer, RewireReport

# While the graph is being repaired nothing learns or explores.
_STILL = Modulation(0.0, 0.0)
# Longest wait for the body at bring-up; discovery may take 2.5 s of it.
_BODY_S = 3.0
_LOOK_S = 0.05


class Conductor:
    """
    Observes, decides and acts once per tick; used by System M's decision thread.

    `gate` and `interventions` may be used from any thread.
    """

    def __init__(self, control: MetaControl, rewirer: Rewirer, gate: GateControl,
                 writer: AuditWriter, announcer: Announcer, logger: RcutilsLogger,
                 body: BodyWatch, incarnation: str) -> None:
        """:param incarnation: of this System M, whose heartbeats open the motor gate."""
        self.control = control
        self.mode = ''
        self.signals: Mapping[str, float] = {}
        self.gate = gate
        self.interventions = Interventions(control, gate, writer, logger)
        self.faults = Faults(rewirer, gate, writer, logger, body, control.modes.safe,
                             lambda: self._wire(control.modes.safe, _STILL))
        self._modulator = Modulator(rewirer, writer, control.constraints.speed_limit)
        self._rewirer = rewirer
        self._writer = writer
        self._announcer = announcer
        self._logger = logger
        self._incarnation = incarnation
        self._row_watch = RowWatch()
        self._world_watch, self._joints = WorldWatch(), ''
        self._teachers = TeacherWatch()
        self._begun = False
        self._switches = 0
        self._last_rewiring = RewireReport(0.0, 0.0, 0)

    def telemetry(self) -> SystemMTelemetry:
        """Return counters, the times of the last rewiring, and the signals of the last tick."""
        return SystemMTelemetry(
            switches=self._switches, degraded=self.faults.degraded,
            gate_shut_ms=self._last_rewiring.gate_shut_s * 1e3,
            full_ms=self._last_rewiring.full_s * 1e3, signals=self.signals)

    def bring_up(self, timeout_s: float, stop: threading.Event,
                 listen: Callable[[], Health]) -> None:
        """
        Wait for all nodes, then enter the initial mode, or the safe one if there is no body.

        :param stop: ends the waiting early.
        :param listen: returns the newest telemetry.
        :raises GraphError: nodes are missing.
        """
        self._rewirer.wait_ready(timeout_s, stop)
        if missing := self._await_body(stop, listen):
            self.faults.degrade(missing, self.control.modes.safe)
            self._enter(self.control.begin(time.monotonic(), missing))
        else:
            self._begin(time.monotonic())

    def _await_body(self, stop: threading.Event, listen: Callable[[], Health]) -> str:
        """Wait until the body is heard; return what is still silent, '' for nothing."""
        deadline_s = time.monotonic() + _BODY_S
        while (gate := listen().telemetry.motor_gate).silent or not gate.state:
            if stop.wait(_LOOK_S):
                raise GraphError('stopped while waiting for the body')
            if time.monotonic() > deadline_s:
                break
        return self.faults.body.give_up(gate, time.monotonic())

    def _begin(self, now_s: float) -> None:
        self._begun = True
        self._enter(self.control.begin(now_s))

    def turn(self, health: Health, now_s: float) -> Mapping[str, float]:
        """Run one tick: observe, decide, act, report; return the signals."""
        self._look(health, now_s)
        if not self._begun and not self.faults.fault:
            self._begin(now_s)      # the body was not there at bring-up
        decision = self._decide(health, now_s)
        self._act(decision, health, now_s)
        self._tell(decision)
        return self.signals

    def close(self) -> None:
        """Close the audit log."""
        self._writer.close(self.mode)

    def _look(self, health: Health, now_s: float) -> None:
        """Observe the nodes, the gate and the answers to the last modulation."""
        restarted = self.faults.restarted(health, now_s)
        if names.MOTOR_GATE in restarted:
            self.interventions.gate_restarted()
        self.interventions.follow_gate(health.telemetry.motor_gate.held > 0)
        row = self.control.wiring[self.mode]
        strays = self._row_watch.strays(row, health) if not self.faults.fault else {}
        if names.MOTOR_GATE not in restarted:
            self.interventions.follow_state(strays)
        self.faults.check(health, restarted, stray_text(strays, row), row, now_s)
        try:
            self._modulator.check()
        except GraphError as error:
            self._failed(error, self.mode)

    def _decide(self, health: Health, now_s: float) -> Decision:
        """Decide, and record the guards and rules that bound the decision."""
        control, telemetry = self.control, health.telemetry
        self.signals = control.signals(telemetry)
        self._joints = telemetry.motor_gate.joints or self._joints
        if record := self._world_watch.take(telemetry.system_a, self._joints):
            self._writer.write('world', **record)
            self._logger.warning(world_text(record))
        self._trust(telemetry.sensory_gate, telemetry.episodic_memory)
        decision = control.decide(self.signals, telemetry, self.faults.fault, now_s)
        for text in self._writer.guards(control.guards.tripped):
            self._logger.error(text)
        self._writer.refusal(control.refused, self.mode)
        return decision

    def _trust(self, gate: SensoryGateTelemetry, memory: EpisodicMemoryTelemetry) -> None:
        """Trust teachers by what became of what they showed; on the record first."""
        for record in self._teachers.refusals(gate, memory):
            self._writer.write('untaught', **record)
        for record in self._teachers.take(memory):
            self._writer.write('trust', **record)
            self._logger.warning(trust_record_text(record))
        if not self._rewirer.waits and not self.faults.fault:
            for node in (names.EPISODIC_MEMORY, names.SENSORY_GATE):
                self._rewirer.modulate(node, {'trusted': trust_text(self._teachers.trusted)})

    def _act(self, decision: Decision, health: Health, now_s: float) -> None:
        """Enter the mode if it is new or its motors are shut, else modulate."""
        # Motors that were shut in an emergency open only when the mode is entered again.
        reopen = self.control.wiring[decision.mode].motors_open and not self.gate.is_open
        if decision.mode != self.mode or reopen or self.faults.gate_stays_shut(
                health.telemetry.motor_gate, self.mode, now_s):
            self._enter(decision)
        elif not self.faults.fault:
            self._modulator.follow(self.control.situation, decision, now_s)

    def _tell(self, decision: Decision) -> None:
        """Publish the self-report and the decision when they are due."""
        if self._announcer.is_due(now_s := self.control.situation.now_s):
            self._announcer.report(self._report(decision), now_s)
        control = self.control
        self._announcer.decision(told_decision(
            decision, control.situation, control.phi, control.config.veto_modes,
            control.guards.tripped, control.refused), now_s)

    def _report(self, decision: Decision) -> str:
        return self_report(decision, self.control.claims, self.control.guards.tripped,
                           self._world_watch.sentence(self._joints), self._teachers.sentence())

    def _enter(self, decision: Decision) -> None:
        closing = self.gate.close()
        self._announcer.mode(self.mode or decision.mode)
        self._announcer.report(f'Entering {decision.mode}: {decision.reason}.',
                               self.control.situation.now_s)
        self._writer.decision('mode', self.control.situation, decision)
        try:
            done = self._wire(decision.mode, decision.modulation)
        except GraphError as error:
            self._failed(error, decision.mode)
        else:
            self._entered(decision, closing, done)

    def _wire(self, mode: str, modulation: Modulation) -> RewireReport:
        done = self._rewirer.apply(with_settings(
            self.control.wiring[mode], modulation, self._incarnation,
            self.control.constraints.speed_limit, trust_text(self._teachers.trusted)))
        self._row_watch.wired(time.monotonic())
        return done

    def _entered(self, decision: Decision, closing: int, done: RewireReport) -> None:
        self._modulator.entered(decision.modulation)
        self._switches += bool(self.mode)
        self._last_rewiring = done
        self.mode = decision.mode
        if self.control.wiring[self.mode].motors_open:
            self.gate.open(closing, held=self.control.is_held)
        self._announcer.mode(self.mode)
        self._announcer.report(self._report(decision), self.control.situation.now_s)
        self._logger.info(f'{self.mode}: {decision.reason} '
                          f'(rewired in {done.full_s * 1e3:.0f} ms)')

    def _failed(self, error: GraphError, wanted: str) -> None:
        """After a failed rewiring, count the mode as the safe one and repair from there."""
        self.faults.rewiring_failed(error, wanted)
        self.mode = self.control.modes.safe
        self._announcer.mode(self.mode)
        self._announcer.report(f'Degraded to {self.mode}: {error}.',
                               self.control.situation.now_s)
