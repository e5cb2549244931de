"""system_m: meta-control; reads telemetry, decides by phi, rewires the graph."""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import ParameterType, SetParametersResult
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from std_msgs.msg import Float32MultiArray, Header, String
from std_srvs.srv import Trigger

from abm_ros.common import names
from abm_ros.common.errors import AbmError, ConstraintError, GraphError, PhiError, WiringError
from abm_ros.common.share import table_text
from abm_ros.common.telemetry import KINDS, SystemMTelemetry
from abm_ros.meta.audit.head import load_key
from abm_ros.meta.audit.log import AuditLog
from abm_ros.meta.audit.trail import OperatorOverrides, record_text, standing_overrides
from abm_ros.meta.body_watch import BodyWatch
from abm_ros.meta.constraints import load_constraints
from abm_ros.meta.health import Health
from abm_ros.meta.meta_control import (
    MetaControl,
    SystemMConfig,
    check_modes,
    operator_overrides,
)
from abm_ros.meta.phi import load_phi
from abm_ros.nodes.effectors.announcer import Announcer
from abm_ros.nodes.effectors.audit_writer import AuditWriter
from abm_ros.nodes.effectors.conductor import Conductor
from abm_ros.nodes.effectors.diagnostics import statuses
from abm_ros.nodes.effectors.gate_control import GateControl
from abm_ros.nodes.effectors.publishers import offered
from abm_ros.nodes.effectors.rewirer import Rewirer
from abm_ros.nodes.effectors.signal_topics import SignalTopics
from abm_ros.nodes.effectors.silent_nodes import SilentNodes, on_record
from abm_ros.ros import parameters, qos
from abm_ros.ros.child import end_process, process_runs
from abm_ros.ros.heartbeat import Heartbeat
from abm_ros.ros.node import PartNode, blamed
from abm_ros.ros.ports import read_wiring
from abm_ros.ros.rclpy_internals import lifecycle_state
from abm_ros.ros.spin import run_node
from abm_ros.ros.stamps import NANOSECONDS
from abm_ros.ros.telemetry_codec import TelemetryReader
from abm_ros.ros.twin_watch import TwinWatch


class SystemM(PartNode[SystemMConfig]):
    """
    Plumbing around `MetaControl`, which decides, and the `Conductor`, which takes effect.

    Decisions and rewiring run in a thread of their own; heartbeats come from the executor.
    """

    def __init__(self) -> None:
        super().__init__(names.SYSTEM_M, SystemMConfig)
        self._table = read_wiring(
            table_text(self.config.wiring, 'wiring.yaml', WiringError), worlds=self.config.worlds)
        check_modes(self.config, self._table.modes)
        self._lock = threading.Lock()
        self._beat_lock = threading.Lock()
        self._launched = operator_overrides(self.config)
        self._health = Health(names.WIRED_NODES, self.config.node_timeout_s, process_runs)
        self._conductor: Conductor | None = None
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self._mode = self.create_publisher(String, names.MODE, qos.LATCHED)
        self._report = self.create_publisher(String, names.SELF_REPORT, qos.LATCHED)
        self._decisions = self.create_publisher(String, names.DECISION, qos.LATCHED)
        self._records = self.create_publisher(String, names.AUDIT, qos.LATCHED_TAIL)
        self._phi = self.create_publisher(String, names.PHI, qos.LATCHED)
        self._beats = self.create_publisher(Header, names.HEARTBEAT, qos.CONTROL)
        self._heartbeat, self._said = Header(), ('', False)   # made once: 15 go out a second
        self._diagnostics = self.create_publisher(
            DiagnosticArray, self.config.diagnostics_topic, qos.TELEMETRY)
        self._shown = SignalTopics(self, self.config.tick_s)
        # Read at each tick: some 65 messages a second would each wake the process for nothing.
        self._telemetry = {
            node: (self.poll(Float32MultiArray, names.signals_topic(node), raw=True),
                   TelemetryReader(KINDS[node])) for node in names.WIRED_NODES}
        self.create_service(Trigger, names.HOLD, self._on_hold)
        self.create_service(Trigger, names.RELEASE, self._on_release)
        self.create_service(Trigger, names.AVAILABLE_MODES, self._on_available)
        self.create_service(Trigger, names.GET_MODE, self._on_get_mode)
        self.create_service(SetParameters, names.CHANGE_MODE, self._on_change_mode)
        self._gate = {True: self.create_client(Trigger, names.GATE_HOLD),
                      False: self.create_client(Trigger, names.GATE_RELEASE)}
        self.steady.add(self.config.heartbeat_period_s, self._beat)
        self.steady.add(1.0, self._diagnose)

    def telemetry(self) -> SystemMTelemetry:
        conductor = self._conductor
        return conductor.telemetry() if conductor is not None else SystemMTelemetry()

    def configure(self) -> None:
        config = self.config
        tables = {'phi': table_text(config.phi, 'phi.yaml', PhiError),
                  'constraints': table_text(config.constraints, 'constraints.yaml',
                                            ConstraintError)}
        control = MetaControl(config, load_phi(tables['phi']), self._table,
                              load_constraints(tables['constraints'], self._table.modes))
        home = Path(config.directory).expanduser()
        home.mkdir(parents=True, exist_ok=True)
        audit = AuditLog(home / 'audit.jsonl', key=load_key(config.audit_key))
        last = standing_overrides(audit.path, self._launched)
        self._ask_again(last, control)
        gate = GateControl()
        writer = AuditWriter(audit, gate, self._tell_record)
        self._phi.publish(String(data=tables['phi']))
        writer.start(self.incarnation, tables, self._launched, operator_overrides(control.config))
        self._conductor = Conductor(
            control, Rewirer(self, silent=SilentNodes(
                on_record(writer, self.get_logger()), self._restart, self._end, self._heard)),
            gate, writer,
            Announcer(self._announce, lambda text: self._report.publish(String(data=text)),
                      lambda text: self._decisions.publish(String(data=text))),
            self.get_logger(),
            BodyWatch(lambda topic: offered(self, topic), config.node_timeout_s),
            self.incarnation)
        if last.held:   # the gate may have been restarted too, and know nothing of it
            self._conductor.interventions.hold()
            self.get_logger().warning('the operator holds since before this start: release it '
                                      'with `abm intervene release`')

    def _ask_again(self, last: OperatorOverrides, control: MetaControl) -> None:
        """Bring back the pin and the vetoes of before this start, if none were asked since."""
        asked = {'pin_mode': last.pin_mode, 'veto_modes': list(last.veto_modes)}
        if refusal := last.pin_mode and control.refusal(last.pin_mode):
            self.get_logger().error(f'the pin of before this start is dropped: {refusal}')
            asked['pin_mode'] = ''
        if asked == self._launched or operator_overrides(self.config) != self._launched:
            return
        for result in self.set_parameters([
                Parameter('pin_mode', value=asked['pin_mode']),
                Parameter('veto_modes', value=asked['veto_modes'] or [''])]):
            if not result.successful:
                self.get_logger().error(f'not as before this start: {result.reason}')
        control.config = self.config
        self.get_logger().warning(
            f'as asked before this start: pinned {self.config.pin_mode or "nothing"}, vetoed '
            f'{", ".join(self.config.veto_modes) or "nothing"}; `abm intervene` changes it')

    def activated(self) -> None:
        if self._conductor is not None:
            self._conductor.gate.close()     # the first decision opens it, none of before
            self._conductor.gate.turned(time.monotonic())
        self._ending = threading.Event()     # the thread before keeps the one that ended it
        self._thread = threading.Thread(target=self._live, args=(self._ending, self._thread),
                                        name='system_m', daemon=True)
        self._thread.start()

    def deactivated(self) -> None:
        self._ending.set()
        if self._conductor is not None:
            self._conductor.gate.close()
        self._beat()

    def cleaned_up(self) -> None:
        if self._thread is not None:
            self._thread.join(5.0)
        if self._conductor is not None:
            self._conductor.close()
            self._conductor = None

    def _live(self, ending: threading.Event, before: threading.Thread | None) -> None:
        """Bring the graph up, then decide at the tick rate until told to stop."""
        if before is not None:
            # Here, not in the executor's thread: the one before may wait for answers of nodes.
            before.join()
        conductor = self._conductor
        if conductor is None or ending.is_set():
            return
        try:
            while not ending.is_set() and not self._turn(conductor, ending):
                pass
        except Exception:
            conductor.gate.close()
            self.get_logger().fatal(
                f'System M stopped deciding; the motors are shut: {blamed()}')
            self.broken = True

    def _turn(self, conductor: Conductor, ending: threading.Event) -> bool:
        """Bring up or decide once; what is refused on the way shuts the motors and is no end."""
        try:
            if not conductor.mode:
                conductor.bring_up(self.config.bring_up_timeout_s, ending, self._listen)
            if ending.wait(self.config.tick_s):
                return True
            conductor.gate.turned(time.monotonic())
            health = self._listen()
            self._shown.publish(conductor.turn(health, time.monotonic()))
        except AbmError as error:
            conductor.gate.close()
            if not ending.is_set():     # who was told to stop waits for nobody
                self.get_logger().error(str(error), throttle_duration_sec=5.0)
        return False

    def _restart(self, node: str) -> None:
        """End a node's process; its supervisor starts it again."""
        if problem := end_process(self._listen().of(node).process):
            self.get_logger().error(f'{node} cannot be restarted from here: {problem}')

    def _heard(self) -> list[str]:
        health, now_s = self._listen(), time.monotonic()
        return [node for node in health.nodes if health.alive(node, now_s)]

    def _end(self, _: str) -> None:
        self.broken = True

    def _announce(self, mode: str) -> None:
        self._beat()
        self._mode.publish(String(data=mode))

    def _tell_record(self, record: Mapping[str, Any]) -> None:
        self._records.publish(String(data=json.dumps(
            {name: record[name] for name in ('seq', 'stamp_ns', 'kind')}
            | {'text': record_text(record), 'mode': record['body'].get('mode', '')})))

    def _listen(self) -> Health:
        """Read the telemetry that came since the last look; return a copy of all that is known."""
        with self._lock:
            for node, (polled, reader) in self._telemetry.items():
                if (found := polled.newest()) is not None:
                    self.guarded(f'{node}/signals', self._take_signals, reader, *found)
            return self._health.copy()

    def _take_signals(self, reader: TelemetryReader[Any], blob: bytes, age_s: float) -> None:
        self._health.take(reader.read(blob), time.monotonic() - age_s)

    def _beat(self) -> None:
        conductor = self._conductor
        if conductor is None or not conductor.mode:
            return
        with self._beat_lock:   # or an "open" that was made before a "shut" is sent after it
            said = (conductor.mode, self.active and conductor.gate.says_open(time.monotonic()))
            if said != self._said:
                self._said = said
                self._heartbeat.frame_id = Heartbeat(self.incarnation, *said).text()
            stamp = self._heartbeat.stamp
            stamp.sec, stamp.nanosec = divmod(self.get_clock().now().nanoseconds, NANOSECONDS)
            self._beats.publish(self._heartbeat)

    def _diagnose(self) -> None:
        self._diagnostics.publish(DiagnosticArray(
            header=Header(stamp=self.get_clock().now().to_msg()),
            status=statuses(self._listen(), self._conductor, time.monotonic())))

    def _on_available(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Answer with JSON: for each mode why it may not be entered now, '' if it may."""
        if (conductor := self._conductor) is not None:
            forbidden = conductor.control.situation.forbidden
            response.success, response.message = True, json.dumps(
                {mode: forbidden.get(mode) or conductor.control.refusal(mode)
                 for mode in self._table})
        return response

    def _on_get_mode(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Answer with the mode in force; with why there is none, without success."""
        conductor = self._conductor
        if not self.active:
            response.message = f'no mode is in force: System M is {lifecycle_state(self)}'
        elif conductor is None or not conductor.mode:
            response.message = 'System M is bringing the graph up'
        else:
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
            operator = self._conductor.interventions
            (operator.hold if hold else operator.release)()
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
        """Take a pin or a veto, on the record, before it is answered."""
        result = super()._check_parameters(changes)
        asked = {c.name: parameters.plain(c) for c in changes if c.name in self._launched}
        if not result.successful or not asked:
            return result
        try:
            config = replace(self.config, **asked)
            check_modes(config, self._table.modes)
            if (conductor := self._conductor) is not None:
                if refusal := asked.get('pin_mode') and conductor.control.refusal(
                        config.pin_mode):
                    return SetParametersResult(successful=False, reason=refusal)
                conductor.interventions.override(config)
        except AbmError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return result


def main(twins: TwinWatch) -> int:
    """Run the node."""
    return run_node(SystemM, twins, autostart=True)
