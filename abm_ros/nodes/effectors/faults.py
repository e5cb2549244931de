"""Detects faults of the graph and repairs them."""

from collections.abc import Callable, Iterator

from rclpy.impl.rcutils_logger import RcutilsLogger

from abm_ros.common import names
from abm_ros.common.errors import GraphError
from abm_ros.common.telemetry import MotorGateTelemetry
from abm_ros.meta.body_watch import BodyWatch
from abm_ros.meta.gate_watch import GateWatch
from abm_ros.meta.health import Health
from abm_ros.meta.wiring import Row
from abm_ros.nodes.effectors.audit_writer import AuditWriter
from abm_ros.nodes.effectors.gate_control import GateControl
from abm_ros.nodes.effectors.rewirer import Rewirer

# Longest wait for the nodes' answers before a repair; nothing is decided meanwhile.
_REPAIR_S = 2.0
# How long diagnostics show a repair, which may be shorter than their period.
_NEWS_S = 5.0
# How long one graph must be alone after a second one ended: it may hold data of the other.
_CALM_S = 3.0


class Faults:
    """
    Degrades a faulty graph to the safe mode, and repairs it from there.

    `fault` names the fault, '' for none; during a fault System M decides for the safe mode. When
    all nodes are heard again, the whole graph is brought to the safe mode.
    """

    def __init__(self, rewirer: Rewirer, gate: GateControl, writer: AuditWriter,
                 logger: RcutilsLogger, body: BodyWatch, safe: str,
                 wire_safe: Callable[[], object]) -> None:
        """
        Start without a fault.

        :param safe: the safe mode.
        :param wire_safe: brings all nodes to it, or raises GraphError.
        """
        self.fault = ''
        # Whether only others can end the fault: a missing node or body.
        self.waits_for_others = False
        self.body = body
        self.degraded = 0
        self._rewirer = rewirer
        self._gate = gate
        self._writer = writer
        self._logger = logger
        self._safe = safe
        self._wire_safe = wire_safe
        self._gate_watch = GateWatch()
        self._incarnations: dict[str, str] = {}
        self._last_error = self._repairing = ''
        self._ended: set[str] = set()
        self._former: set[str] = set()
        # When a process was heard again after another one of the same node.
        self._twins_s: float | None = None
        self._news: tuple[str, float] = '', -float('inf')

    def restarted(self, health: Health, now_s: float) -> list[str]:
        """Return the nodes restarted since the last call, whose state is unknown."""
        found = []
        for node in health.nodes:
            seen = health.of(node).incarnation
            if seen and (before := self._incarnations.setdefault(node, seen)) != seen:
                self._incarnations[node] = seen
                if seen in self._former:
                    self._twins_s = now_s
                self._former.add(before)
                self._rewirer.forget(node)
                found.append(node)
        return found

    def check(self, health: Health, restarted: list[str], strays: str, row: Row,
              now_s: float) -> None:
        """
        Degrade on a fault; repair when everything needed is heard.

        :param strays: texts about nodes that differ from the row.
        :param row: of the mode in force.
        """
        self._restart_finalized(health)
        missing = '; '.join(self._missing(health, row, now_s))
        self.waits_for_others = bool(missing)
        if missing:
            self.degrade(missing, row.mode)
        elif restarted:
            self.degrade(f'{", ".join(restarted)} restarted', row.mode)
        elif strays:
            self.degrade(strays, row.mode)
        elif self._twins_s is not None and now_s - self._twins_s > _CALM_S:
            self._twins_s = None
            self.degrade('another graph was in this namespace: all is wired anew', row.mode)
        if self.fault and not missing and row.mode == self._safe:
            self._repair(health, now_s)

    def news(self, now_s: float) -> str:
        """Return the fault or a recent repair, '' for none."""
        text, at_s = self._news
        return self.fault or (text if now_s - at_s <= _NEWS_S else '')

    def _missing(self, health: Health, row: Row, now_s: float) -> Iterator[str]:
        """Yield faults that no repair can end."""
        if lost := health.lost(now_s):
            yield f'lost {", ".join(lost)}'
        if ended := self._finalized(health):
            yield f'{", ".join(ended)} is finalized: only a restart of its process helps'
        if names.MOTOR_GATE not in lost and (silent := self.body.trouble(
                health.telemetry.motor_gate, audible=row.senses_open, now_s=now_s)):
            yield silent

    def _finalized(self, health: Health) -> list[str]:
        return [node for node in health.nodes if health.of(node).state == 'finalized']

    def _restart_finalized(self, health: Health) -> None:
        """End each process whose node is finalized, once, since the node cannot start again."""
        for node in self._finalized(health):
            if (incarnation := health.of(node).incarnation) not in self._ended:
                self._ended.add(incarnation)
                self._rewirer.restart(node)

    def degrade(self, fault: str, mode: str) -> None:
        """Shut the motors for a fault, and record it once."""
        if fault == self.fault:
            return
        self._gate.close()
        self._writer.write('degrade', fault=fault, mode=mode)
        self._logger.error(f'degrading to {self._safe}: {fault}')
        self.degraded += 1
        self.fault = fault

    def rewiring_failed(self, error: GraphError, wanted: str) -> None:
        """Shut the motor gate after a failed rewiring, and degrade."""
        self._gate.close()
        self._complain(error)
        self._writer.write('rewire_failed', mode=wanted, error=str(error))
        if not self._rewirer.shut_gate():
            self._logger.error('the motor gate does not confirm; its deadman shuts it')
        self.degrade(str(error), self._safe)

    def gate_stays_shut(self, gate: MotorGateTelemetry, mode: str, now_s: float) -> bool:
        """Tell whether the gate must be armed again; record that it shut by itself."""
        shut = self._gate.is_open and gate.open == 0 and gate.tripped > 0
        if not self._gate_watch.overdue(shut, now_s):
            return False
        self._writer.write('gate_shut', mode=mode, reason=gate.shut)
        self._logger.error(f'the motor gate shut by itself and is told again: {gate.shut}')
        self._rewirer.forget(names.MOTOR_GATE)
        return True

    def _repair(self, health: Health, now_s: float) -> None:
        try:
            for node in health.nodes:
                self._rewirer.forget(node)
            self._rewirer.wait_ready(_REPAIR_S)
            if self._repairing != self.fault:   # once per fault, not at every attempt
                self._writer.write('repairing', fault=self.fault, mode=self._safe)
                self._repairing = self.fault
            self._wire_safe()
        except GraphError as error:
            self._complain(error)
        else:
            self._writer.write('repaired', fault=self.fault)
            self._logger.info(f'repaired after: {self.fault}')
            self._news = f'repaired after: {self.fault}', now_s
            self.fault = self._repairing = self._last_error = ''

    def _complain(self, error: GraphError) -> None:
        if str(error) != self._last_error:
            self._logger.error(str(error))
        self._last_error = str(error)
