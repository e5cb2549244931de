"""Listens to System M's topics, and looks at the endpoints of the live graph."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.qos import QoSCompatibility, qos_check_compatible
from rclpy.topic_endpoint_info import TopicEndpointInfo
from std_msgs.msg import Float32MultiArray, String

from abm_ros.common import names
from abm_ros.common.errors import SpecError
from abm_ros.common.telemetry import MotorGateTelemetry, SystemMTelemetry
from abm_ros.ros import qos
from abm_ros.ros.ports import PORTS, PUBLISH
from abm_ros.ros.telemetry_codec import TelemetryReader
from abm_ros.rqt.pathways import Changes, Pair, Pathways, Topic, declared, pathways
from abm_ros.rqt.seen import Seen

# The graph is looked at once a second, and more often for a while after a change of mode.
_LOOK_S, _SOON_S, _SOON_FOR_S = 1.0, 0.2, 3.0
# Until then what comes up was there before: it is discovered one by one.
_DISCOVERY_S = 5.0
# Of every node, in every mode: they say nothing about the wiring.
_NOT_WIRING = ('/signals', '/transition_event', 'parameter_events', 'rosout', 'diagnostics',
               '/clock')
DECLARED = declared({node: [(port.topic, port.direction == PUBLISH) for port in ports]
                     for node, ports in PORTS.items()})


class Listener:
    """
    Fills `Seen` from a node's subscriptions, and `pathways` from a thread of its own.

    Whoever owns the node spins it.
    """

    def __init__(self, node: Node, namespace: str, seen: Seen) -> None:
        """:param namespace: that of the graph, without the first '/'."""
        self._node, self._seen = node, seen
        self._prefix = f'/{namespace}/' if namespace else '/'
        self._lock = threading.Lock()
        self._pathways, self._changes = Pathways(), Changes()
        self._soon_until_s = 0.0
        self._subscriptions = [
            self._text(names.MODE, self._on_mode, qos.LATCHED),
            self._text(names.SELF_REPORT, seen.report, qos.LATCHED),
            self._text(names.DECISION, seen.decision, qos.LATCHED),
            self._text(names.AUDIT, seen.record, qos.LATCHED_TAIL),
            self._text(names.PHI, seen.phi, qos.LATCHED),
            self._telemetry(SystemMTelemetry, seen.system_m),
            self._telemetry(MotorGateTelemetry, seen.motor_gate),
            node.create_subscription(DiagnosticArray, self._prefix + names.DIAGNOSTICS,
                                     self._on_diagnostics, qos.TELEMETRY)]
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name='abm_graph', daemon=True)
        self._thread.start()

    def _text(self, name: str, take: Callable[[str], None], profile: Any) -> Any:
        return self._node.create_subscription(
            String, self._prefix + name, lambda message: take(message.data), profile)

    def _telemetry(self, kind: Any, take: Callable[[Any], None]) -> Any:
        reader = TelemetryReader(kind)

        def heard(blob: bytes) -> None:
            with suppress(SpecError):    # of another release: what it says is left out
                take(reader.read(blob))

        return self._node.create_subscription(
            Float32MultiArray, self._prefix + names.signals_topic(kind.node), heard,
            qos.TELEMETRY, raw=True)

    def _on_mode(self, mode: str) -> None:
        self._soon_until_s = time.monotonic() + _SOON_FOR_S
        self._seen.mode(mode)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.startswith('abm_ros: '):
                self._seen.status(status.hardware_id, level_of(status.level), status.message)

    def _look_on(self) -> None:
        wait_s, began_s = 0.0, time.monotonic()
        while not self._ending.wait(wait_s):
            now_s = time.monotonic()
            with suppress(Exception):    # the node may be going away under us
                found = pathways(self._topics())
                with self._lock:
                    self._pathways = found
                    if now_s - began_s < _DISCOVERY_S:
                        self._changes = Changes()
                    self._changes.follow(found, now_s)
            wait_s = _SOON_S if now_s < self._soon_until_s else _LOOK_S

    def _topics(self) -> list[Topic]:
        """Return the topics of this namespace with their endpoints."""
        return [_topic(self._node, full, full.removeprefix(self._prefix))
                for full, _ in self._node.get_topic_names_and_types()
                if full.startswith(self._prefix) and not full.endswith(_NOT_WIRING)]

    def wiring(self) -> tuple[Pathways, dict[Pair, float], dict[Pair, float]]:
        """Return the pathways, and when those that changed lately opened and shut."""
        with self._lock:
            return self._pathways, dict(self._changes.opened), dict(self._changes.shut)

    def close(self) -> None:
        """Stop listening."""
        self._ending.set()
        self._thread.join(2.0)
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)


def level_of(level: Any) -> int:
    """Return the level of a DiagnosticStatus, which rclpy has as a byte."""
    return level[0] if isinstance(level, bytes) else int(level)


def _topic(node: Node, full: str, name: str) -> Topic:
    publishers = node.get_publishers_info_by_topic(full)
    subscribers = node.get_subscriptions_info_by_topic(full)
    unfit = frozenset((sender.node_name, hearer.node_name) for sender in publishers
                      for hearer in subscribers if not fits(sender, hearer))
    return Topic(name, frozenset(end.node_name for end in publishers),
                 frozenset(end.node_name for end in subscribers), unfit)


def fits(sender: TopicEndpointInfo, hearer: TopicEndpointInfo) -> bool:
    """Tell whether a subscriber gets what a publisher sends, by type and QoS."""
    verdict, _ = qos_check_compatible(sender.qos_profile, hearer.qos_profile)
    return bool(sender.topic_type == hearer.topic_type and verdict != QoSCompatibility.ERROR)
