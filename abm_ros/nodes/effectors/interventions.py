"""Operator overrides: hold, release, pins and vetoes, each on the record (decision 0041)."""

from rclpy.impl.rcutils_logger import RcutilsLogger

from abm_ros.common.names import MOTOR_GATE
from abm_ros.meta.meta_control import MetaControl, SystemMConfig, operator_overrides
from abm_ros.nodes.effectors.audit_writer import AuditWriter
from abm_ros.nodes.effectors.gate_control import GateControl


class Interventions:
    """
    Takes operator overrides, from any thread.

    A hold may be asked of System M or of the motor gate itself; either stops the arm.
    """

    def __init__(self, control: MetaControl, gate: GateControl, writer: AuditWriter,
                 logger: RcutilsLogger) -> None:
        self._control = control
        self._logger = logger
        self._gate = gate
        self._writer = writer

    def hold(self) -> None:
        """
        Shut the motors at once, until `release`.

        :raises GraphError: it cannot be recorded; the hold is in force anyway.
        """
        self._control.held = True
        self._gate.close()
        self._writer.write('intervention', action='hold')

    def release(self) -> None:
        """
        End the hold.

        :raises GraphError: it cannot be recorded, so the hold stays.
        """
        self._writer.write('intervention', action='release')
        self._control.held = False

    def follow_gate(self, held: bool) -> None:
        """Take over a hold or release that the motor gate received itself."""
        if held == self._control.gate_held:
            return
        self._control.gate_held = held
        if held:
            self._gate.close()
        self._writer.write('intervention', action='hold' if held else 'release', at='motor_gate')

    def follow_state(self, strays: dict[str, str]) -> None:
        """
        Count a motor gate that was deactivated by hand as held until `release`.

        :param strays: nodes that differ from the row; the gate is removed from them.
        """
        if strays.get(MOTOR_GATE) not in ('inactive', 'unconfigured'):
            return
        del strays[MOTOR_GATE]
        if self._control.held:
            return
        self._control.held = True
        self._gate.close()
        self._writer.write('intervention', action='hold', by='the motor gate was deactivated')
        self._logger.warning('the motor gate was deactivated by another hand: System M holds '
                             'until `abm intervene release`')

    def gate_restarted(self) -> None:
        """Keep the hold of a motor gate that was restarted."""
        if self._control.gate_held:
            self.hold()
            self._control.gate_held = False

    def override(self, config: SystemMConfig) -> None:
        """
        Take a pin or vetoes.

        :raises GraphError: they cannot be recorded, so they have no effect.
        """
        self._writer.write('intervention', **operator_overrides(config))
        self._control.config = config
