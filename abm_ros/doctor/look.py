"""Takes a snapshot of a running graph: listens for some seconds, and asks for a few parameters."""

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.srv import GetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python
from rclpy.qos import QoSCompatibility, qos_check_compatible
from sensor_msgs.msg import JointState
from std_msgs.msg import Float32MultiArray, String

from abm_ros.common import names
from abm_ros.common.errors import SpecError
from abm_ros.common.names import check_namespace
from abm_ros.common.telemetry import LEARNERS, MotorGateTelemetry
from abm_ros.doctor.snapshot import Endpoint, JointMessage, Snapshot, TopicEnds
from abm_ros.ros import qos
from abm_ros.ros.clients.local_nodes import domains, local_nodes, own_domain
from abm_ros.ros.fast_dds import initialise
from abm_ros.ros.telemetry_codec import decode_telemetry

_GATE_SETTINGS = ('joints', 'controller', 'command_interface', 'control_period_s')
_ASK_S = 2.0
_LOOK_S = 0.5
_ERROR = b'\x02'


def take_snapshot(namespace: str = '', listen_s: float = 4.0) -> Snapshot:
    """
    Listen, and return what was found.

    :param listen_s: how long; discovery alone may take 2.5 s. Where only some nodes are found by
        then, as long again.
    :raises ConfigError: the namespace cannot be one.
    """
    looker = _Looker(check_namespace(namespace))
    try:
        return looker.look(listen_s)
    finally:
        looker.close()


class _Looker:
    """A short-lived node that listens and asks."""

    def __init__(self, namespace: str) -> None:
        self._context = rclpy.Context()
        initialise(args=[], context=self._context)
        self._node: Node = rclpy.create_node('abm_doctor', namespace=namespace,
                                             context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._prefix = f'/{namespace}/' if namespace else '/'
        self._joint_states: list[JointMessage] = []
        self._heard: dict[str, Any] = {'description': '', 'versions': {}, 'troubles': {},
                                       'holds': {}}
        self._subscribe()

    def _subscribe(self) -> None:
        node = self._node
        node.create_subscription(JointState, names.JOINT_STATES, self._on_joints, qos.SENSOR)
        node.create_subscription(
            String, names.ROBOT_DESCRIPTION,
            lambda message: self._heard.update(description=message.data), qos.LATCHED)
        node.create_subscription(DiagnosticArray, names.DIAGNOSTICS, self._on_diagnostics,
                                 qos.TELEMETRY)
        node.create_subscription(Float32MultiArray, names.signals_topic(names.MOTOR_GATE),
                                 self._on_gate, qos.TELEMETRY)
        node.create_subscription(String, names.DECISION, self._on_decision, qos.LATCHED)
        for kind in LEARNERS:
            node.create_subscription(
                Float32MultiArray, names.signals_topic(kind.node),
                lambda message, kind=kind: self._on_learner(kind, message), qos.TELEMETRY)

    def _on_joints(self, message: JointState) -> None:
        stamp = message.header.stamp
        self._joint_states.append(JointMessage(
            tuple(message.name), stamp.sec + stamp.nanosec * 1e-9, self._now_s()))

    def _on_learner(self, kind: Any, message: Float32MultiArray) -> None:
        with suppress(SpecError):
            self._heard['versions'][kind.node] = decode_telemetry(message, kind).version

    def _on_gate(self, message: Float32MultiArray) -> None:
        with suppress(SpecError):
            told = decode_telemetry(message, MotorGateTelemetry)
            self._heard['holds'][names.MOTOR_GATE] = told.held > 0

    def _on_decision(self, message: String) -> None:
        with suppress(ValueError, AttributeError):
            self._heard['holds'][names.SYSTEM_M] = bool(json.loads(message.data).get('held'))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.startswith('abm_ros: '):
                self._heard['troubles'][status.name] = (
                    f'{status.hardware_id}: {status.message}'
                    if status.level == _ERROR else '')

    def _now_s(self) -> float:
        return float(self._node.get_clock().now().nanoseconds) * 1e-9

    def look(self, listen_s: float) -> Snapshot:
        self._spin(listen_s)
        self._await_nodes(listen_s)
        gate = self._parameters(names.MOTOR_GATE, _GATE_SETTINGS)
        memory = self._parameters(names.EPISODIC_MEMORY, ('directory',))
        controller = str(gate.get('controller', names.CONTROLLER))
        order = self._parameters(controller, ('joints',)).get('joints', ())
        nodes, domain = self._nodes(), own_domain()
        silent = [node for node, told in ((names.MOTOR_GATE, gate),
                                          (names.EPISODIC_MEMORY, memory))
                  if node in nodes and not told]
        # Where nothing runs yet, the disk is that on which runs are kept unless told otherwise.
        given = '' if names.EPISODIC_MEMORY in silent else str(memory.get('directory', '~'))
        directory = str(Path(given).expanduser()) if given else ''
        return Snapshot(
            nodes=nodes, silent=silent,
            topics=dict(self._topics()), joint_states=list(self._joint_states),
            description=self._heard['description'], gate=gate,
            controller_joints=list(order or ()), versions=dict(self._heard['versions']),
            free_bytes=_free(directory) if directory else None, directory=directory, domain=domain,
            other_domains=[other for other in domains(local_nodes()) if other != domain],
            troubles=[text for text in self._heard['troubles'].values() if text],
            holders=[node for node, held in self._heard['holds'].items() if held])

    def _nodes(self) -> list[str]:
        return [name for name, space in self._node.get_node_names_and_namespaces()
                if space.rstrip('/') + '/' == self._prefix]

    def _await_nodes(self, longest_s: float) -> None:
        """Listen on while only some nodes are discovered: a loaded machine takes longer."""
        wanted = {*names.WIRED_NODES, names.SYSTEM_M}
        deadline_s = time.monotonic() + longest_s
        while wanted & set(self._nodes()) and not wanted <= set(self._nodes()):
            if time.monotonic() > deadline_s:
                return
            self._spin(_LOOK_S)

    def _spin(self, seconds: float) -> None:
        deadline_s = time.monotonic() + seconds
        while (left_s := deadline_s - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=min(0.1, left_s))

    def _parameters(self, node: str, wanted: Sequence[str]) -> dict[str, Any]:
        """Ask a node for parameters; nothing where it does not answer."""
        client = self._node.create_client(GetParameters, f'{node}/get_parameters')
        deadline_s = time.monotonic() + _ASK_S
        future = None
        while time.monotonic() < deadline_s and not (future is not None and future.done()):
            if future is None and client.service_is_ready():
                future = client.call_async(GetParameters.Request(names=list(wanted)))
            elif future is None and not self._is_here(node):
                break
            self._executor.spin_once(timeout_sec=0.05)
        found = future.result() if future is not None and future.done() else None
        self._node.destroy_client(client)
        if found is None:
            return {}
        return {name: parameter_value_to_python(value)
                for name, value in zip(wanted, found.values, strict=False)
                if parameter_value_to_python(value) is not None}

    def _is_here(self, node: str) -> bool:
        return node in (name for name, _ in self._node.get_node_names_and_namespaces())

    def _topics(self) -> Iterator[tuple[str, TopicEnds]]:
        own = self._node.get_name()
        for full, _ in self._node.get_topic_names_and_types():
            if not full.startswith(self._prefix):
                continue
            senders = self._node.get_publishers_info_by_topic(full)
            hearers = [end for end in self._node.get_subscriptions_info_by_topic(full)
                       if end.node_name != own]
            unfit = [(sender.node_name, hearer.node_name, why) for sender in senders
                     for hearer in hearers if (why := misfit(sender, hearer))]
            yield full.removeprefix(self._prefix), TopicEnds(
                [Endpoint(end.node_name, end.topic_type) for end in senders],
                [Endpoint(end.node_name, end.topic_type) for end in hearers], unfit)

    def close(self) -> None:
        self._executor.shutdown(0.0)
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)


def misfit(sender: Any, hearer: Any) -> str:
    """Return why a subscriber does not get what a publisher sends, '' if it does."""
    if sender.topic_type != hearer.topic_type:
        return f'{sender.topic_type} is sent, {hearer.topic_type} expected'
    verdict, reason = qos_check_compatible(sender.qos_profile, hearer.qos_profile)
    if verdict != QoSCompatibility.ERROR:
        return ''
    reasons = [part.replace('ERROR:', '').strip() for part in str(reason).split(';')]
    return ', '.join(filter(None, reasons)).lower() or 'QoS'


def _free(directory: str) -> int | None:
    """Return the free bytes where a folder is, or will be."""
    path = Path(directory)
    while not path.exists() and path != path.parent:
        path = path.parent
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return None
