"""system_m: meta-control; reads telemetry, decides by phi, rewires the graph."""

import json
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rcl_interfaces.msg import ParameterType, SetParametersResult
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from std_msgs.msg import Float32MultiArray, Float64, Header, String
from std_srvs.srv import Trigger

from abm_ros.core.audit import AuditLog
from abm_ros.core.audit_head import load_key
from abm_ros.core.audit_trail import standing_hold
from abm_ros.core.constraints import load_constraints
from abm_ros.core.errors import ConstraintError, GraphError, PhiError, WiringError
from abm_ros.core.modes import MODES
from abm_ros.core.phi import load_phi
from abm_ros.core.signals import SIGNALS
from abm_ros.core.supervisor import Health, MetaControl, SystemMConfig
from abm_ros.ros import names, parameters, qos
from abm_ros.ros.codec import decode
from abm_ros.ros.conductor import Conductor
from abm_ros.ros.heartbeat import Heartbeat
from abm_ros.ros.node import PartNode
from abm_ros.ros.ports import read_wiring
from abm_ros.ros.rewirer import Rewirer
from abm_ros.ros.share import table_text
from abm_ros.ros.spin import run_node

# The decision thread must have come round within this time for a heartbeat to say "open".
_STALL_S = 3.0
# A signal that moved less than this is told again within a second.
_TOLD_CHANGE = 0.01


class SystemM(PartNode[SystemMConfig]):
    """
    Plumbing around `core.supervisor.MetaControl`, the decision, and the `Conductor`, its effect.

    Decisions and rewiring run in a thread of their own; heartbeats come from the executor.
    """

    def __init__(self) -> None:
        super().__init__(names.SYSTEM_M, SystemMConfig)
        self._lock = threading.Lock()
        self._health = Health(names.WIRED_NODES, self.config.node_timeout_s)
        self._conductor: Conductor | None = None
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self._turn_s = 0.0
        self._tick = 0
        self._told: dict[str, float] = {}
        self._mode = self.create_publisher(String, names.MODE, qos.LATCHED)
        self._report = self.create_publisher(String, names.SELF_REPORT, qos.LATCHED)
        self._beats = self.create_publisher(Header, names.HEARTBEAT, qos.CONTROL)
        self._diagnostics = self.create_publisher(
            DiagnosticArray, names.DIAGNOSTICS, qos.TELEMETRY)
        self._signal_topics = {name: self.create_publisher(
            Float64, names.SIGNAL_PREFIX + name, qos.TELEMETRY) for name in SIGNALS}
        # Read at each tick: some 65 messages a second would each wake the process for nothing.
        self._telemetry = {node: self.poll(Float32MultiArray, names.signals_topic(node))
                           for node in names.WIRED_NODES}
        self.create_service(Trigger, names.HOLD, self._on_hold)
        self.create_service(Trigger, names.RELEASE, self._on_release)
        self.create_service(Trigger, names.AVAILABLE_MODES, self._on_available)
        self.create_service(Trigger, names.GET_MODE, self._on_get_mode)
        self.create_service(SetParameters, names.CHANGE_MODE, self._on_change_mode)
        self._gate = {True: self.create_client(Trigger, names.GATE_HOLD),
                      False: self.create_client(Trigger, names.GATE_RELEASE)}
        self.create_timer(self.config.heartbeat_period_s, self._beat, clock=self.steady)
        self.create_timer(1.0, self._diagnose, clock=self.steady)

    def telemetry(self) -> Mapping[str, float]:
        return self._conductor.telemetry() if self._conductor is not None else {}

    def configure(self) -> None:
        config = self.config
        wiring = read_wiring(table_text(config.wiring, 'wiring.yaml', WiringError))
        tables = {'phi': table_text(config.phi, 'phi.yaml', PhiError),
                  'constraints': table_text(config.constraints, 'constraints.yaml',
                                            ConstraintError)}
        control = MetaControl(config, load_phi(tables['phi']), wiring,
                              load_constraints(tables['constraints']))
        home = Path(config.directory).expanduser()
        home.mkdir(parents=True, exist_ok=True)
        audit = AuditLog(home / 'audit.jsonl', key=load_key(config.audit_key))
        held = standing_hold(audit.path)
        self._conductor = Conductor(control, Rewirer(self), audit, self.incarnation,
                                    self.get_logger(), tables)
        if held:   # the gate may have been restarted too, and know nothing of it
            self._conductor.hold(True)
            self.get_logger().warning('the operator holds since before this start: release it '
                                      'with `abm intervene release`')

    def activated(self) -> None:
        self._ending.clear()
        self._turn_s = time.monotonic()
        self._thread = threading.Thread(target=self._live, name='system_m', daemon=True)
        self._thread.start()

    def deactivated(self) -> None:
        self._ending.set()
        if self._conductor is not None:
            self._conductor.close_motors()
        self._beat()

    def cleaned_up(self) -> None:
        if self._thread is not None:
            self._thread.join(5.0)
            self._thread = None
        if self._conductor is not None:
            self._conductor.close()
            self._conductor = None

    def _live(self) -> None:
        """Bring the graph up, then decide at the tick rate until told to stop."""
        conductor = self._conductor
        assert conductor is not None
        conductor.announce = self._announce
        try:
            while not self._ending.is_set() and not self._turn(conductor):
                pass
        except Exception:
            conductor.close_motors()
            self.get_logger().fatal(
                f'System M stopped deciding; the motors are shut:\n{traceback.format_exc()}')
            self.broken = True

    def _turn(self, conductor: Conductor) -> bool:
        """Bring up or decide once; a graph that does not follow is an answer, not an end."""
        try:
            if not conductor.mode:
                conductor.bring_up(self.config.bring_up_timeout_s, self._ending)
            if self._ending.wait(self.config.tick_s):
                return True
            self._turn_s = time.monotonic()
            health = self._listen()
            signals = conductor.turn(health, time.monotonic())
            self._publish_signals(signals)
        except GraphError as error:
            conductor.close_motors()
            self.get_logger().error(str(error), throttle_duration_sec=5.0)
        return False

    def _publish_signals(self, signals: Mapping[str, float]) -> None:
        """Publish what moved, and all once a second: publishing is most of what a tick costs."""
        self._tick += 1
        whole = self._tick % max(1, round(1.0 / self.config.tick_s)) == 0
        for name, value in signals.items():
            if whole or abs(value - self._told.get(name, -1.0)) > _TOLD_CHANGE:
                self._told[name] = value
                self._signal_topics[name].publish(Float64(data=value))

    def _announce(self, mode: str, report: str) -> None:
        self._beat()
        self._mode.publish(String(data=mode))
        self._report.publish(String(data=report))

    def _listen(self) -> Health:
        """Read the telemetry that came since the last look; return a copy of all that is known."""
        with self._lock:
            for node, polled in self._telemetry.items():
                if (found := polled.newest()) is not None:
                    self.guarded(f'{node}/signals', self._take_signals, node, *found)
            return self._health.copy()

    def _take_signals(self, node: str, message: Float32MultiArray, age_s: float) -> None:
        packet = decode(message)
        self._health.take(node, packet.scalars(), packet.attributes, time.monotonic() - age_s)

    def _beat(self) -> None:
        conductor = self._conductor
        if conductor is None or not conductor.mode:
            return
        stalled = time.monotonic() - self._turn_s > _STALL_S and not conductor.rewiring
        beat = Heartbeat(self.incarnation, conductor.mode,
                         conductor.motors_open and self.active and not stalled)
        self._beats.publish(Header(stamp=self.get_clock().now().to_msg(), frame_id=beat.text()))

    def _diagnose(self) -> None:
        health, now_s = self._listen(), time.monotonic()
        statuses = []
        for node in names.WIRED_NODES:
            alive, state = health.alive(node, now_s), health.state(node)
            level = DiagnosticStatus.OK if alive else DiagnosticStatus.STALE
            if alive and health.values(node).get('faults', 0.0) > 0:
                level = DiagnosticStatus.ERROR
            statuses.append(DiagnosticStatus(
                level=level, name=f'abm_ros: {node}', hardware_id=node,
                message=state if alive else 'no telemetry',
                values=[KeyValue(key=k, value=f'{v:.6g}')
                        for k, v in health.values(node).items()]))
        if self._conductor is not None:
            statuses.append(self._own_status(self._conductor))
        self._diagnostics.publish(DiagnosticArray(
            header=Header(stamp=self.get_clock().now().to_msg()), status=statuses))

    def _own_status(self, conductor: Conductor) -> DiagnosticStatus:
        guards = conductor.control.guards
        level = DiagnosticStatus.WARN if conductor.fault else DiagnosticStatus.OK
        message = conductor.fault or conductor.mode or 'bringing up'
        if guards.tripped:
            level, message = DiagnosticStatus.ERROR, '; '.join(guards.tripped.values())
        return DiagnosticStatus(
            level=level, name=f'abm_ros: {names.SYSTEM_M}', hardware_id=names.SYSTEM_M,
            message=message,
            values=[KeyValue(key='somatic_budget', value=f'{guards.budget:.3f}')])

    def _on_available(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Answer with JSON: for each mode why it may not be entered now, '' if it may."""
        if (conductor := self._conductor) is not None:
            barred = conductor.control.situation.barred
            response.success, response.message = True, json.dumps(
                {mode: barred.get(mode) or conductor.control.refusal(mode) for mode in MODES})
        return response

    def _on_get_mode(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Answer with the mode in force."""
        if (conductor := self._conductor) is not None and conductor.mode:
            response.success, response.message = True, conductor.mode
        return response

    def _on_change_mode(self, request: SetParameters.Request,
                        response: SetParameters.Response) -> SetParameters.Response:
        """Pin the mode asked for, '' for none; what the constraints refuse is refused here."""
        for parameter in request.parameters:
            if (parameter.name, parameter.value.type) != (
                    'mode', ParameterType.PARAMETER_STRING):
                response.results.append(SetParametersResult(
                    successful=False, reason=f"expected a text 'mode', got '{parameter.name}'"))
                continue
            wanted = Parameter('pin_mode', value=parameter.value.string_value)
            response.results += self.set_parameters([wanted])
        return response

    def _on_hold(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        return self._intervene(True, 'the motors hold until release', response)

    def _on_release(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        return self._intervene(False, 'System M decides again', response)

    def _intervene(self, hold: bool, text: str, response: Trigger.Response) -> Trigger.Response:
        if self._conductor is None:
            response.success, response.message = False, 'System M is not configured'
            return response
        response.success, response.message = True, text
        if hold:   # the gate first: what stops the arm does not wait for the record of it
            self._tell_gate(hold)
        try:
            self._conductor.hold(hold)
        except GraphError as error:   # a hold holds all the same; a release does not happen
            response.success = hold
            response.message = f'{text}, but {error}' if hold else str(error)
        self._beat()
        if response.success and not hold:
            self._tell_gate(hold)
        return response

    def _tell_gate(self, hold: bool) -> None:
        """Ask the gate too: it remembers the hold when System M dies."""
        if self._gate[hold].service_is_ready():
            self._gate[hold].call_async(Trigger.Request())

    def _check_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        for change in changes:
            value = parameters.plain(change)
            wanted = {'pin_mode': (value,) if value else (),
                      'veto_modes': value}.get(change.name, ())
            for mode in wanted:
                refusal = (self._conductor.control.refusal(mode)
                           if self._conductor is not None and change.name == 'pin_mode'
                           else '' if mode in MODES else f"unknown mode '{mode}', expected one "
                           f'of {", ".join(MODES)}')
                if refusal:
                    return SetParametersResult(successful=False, reason=refusal)
        return super()._check_parameters(changes)

    def reconfigured(self) -> None:
        if self._conductor is not None:
            self._conductor.reconfigure(self.config)


def main() -> int:
    """Run the node."""
    return run_node(SystemM, autostart=True)
