"""What an operator sees of the running graph, gathered from its topics."""

import threading
import time
from collections.abc import Mapping
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from std_msgs.msg import Float32MultiArray, Float64MultiArray, String

from abm_ros.cli.watch import UnsafeWatch
from abm_ros.common import names
from abm_ros.meta.signals import SIGNALS
from abm_ros.ros import qos
from abm_ros.ros.codec import decode
from abm_ros.ros.shared_memory import initialise
from abm_ros.ros.spin import make_executor

_TICK_S = 0.1


class Monitor:
    """Subscribes to modes, telemetry and commands in a thread of its own."""

    def __init__(self, namespace: str, controller: str, watch: UnsafeWatch) -> None:
        initialise(signal_handler_options=SignalHandlerOptions.NO)
        self._node: Node = rclpy.create_node('abm_monitor', namespace=namespace)
        self._lock = threading.Lock()
        self._raw: dict[str, dict[str, float]] = {}
        self._states: dict[str, str] = {}
        self._ending = threading.Event()
        self.watch = watch
        self.modes: list[tuple[str, float]] = []
        self.history: list[tuple[float, int, int]] = []
        self.errors: list[tuple[float, float]] = []
        self._subscribe(controller)
        self._thread = threading.Thread(target=self._spin, name='monitor', daemon=True)
        self._thread.start()

    def _subscribe(self, controller: str) -> None:
        node = self._node
        node.create_subscription(String, names.MODE, self._on_mode, qos.LATCHED)
        node.create_subscription(
            String, names.ROBOT_DESCRIPTION, lambda m: self.watch.description(m.data),
            qos.LATCHED)
        node.create_subscription(
            Float64MultiArray, names.commands_topic(controller),
            lambda m: self.watch.command(m.data, time.monotonic()), qos.CONTROL)
        for name in (*names.WIRED_NODES, names.SYSTEM_M):
            node.create_subscription(
                Float32MultiArray, names.signals_topic(name),
                lambda m, name=name: self._on_signals(name, m), qos.TELEMETRY)

    def _spin(self) -> None:
        executor = make_executor()
        executor.add_node(self._node)
        while not self._ending.is_set():
            executor.spin_once(timeout_sec=_TICK_S)

    def _on_mode(self, message: String) -> None:
        now_s = time.monotonic()
        with self._lock:
            if not self.modes or self.modes[-1][0] != message.data:
                self.modes.append((message.data, now_s))
            self.watch.mode(message.data, now_s)

    def _on_signals(self, name: str, message: Float32MultiArray) -> None:
        packet = decode(message)
        values = packet.scalars()
        with self._lock:
            self._raw[name] = values
            self._states[name] = packet.attributes.get('state', '')
            if name == names.SYSTEM_B and 'episodes' in values:
                self.history.append((time.monotonic(), int(values['episodes']),
                                     int(values['successes'])))
            if name == names.SYSTEM_A and 'prediction_error' in values:
                self.errors.append((time.monotonic(), values['prediction_error']))

    def raw(self) -> Mapping[str, Mapping[str, float]]:
        """Return the newest telemetry of every node."""
        with self._lock:
            return {name: dict(values) for name, values in self._raw.items()}

    def value(self, node: str, name: str, default: float = 0.0) -> float:
        """Return one raw value."""
        with self._lock:
            return self._raw.get(node, {}).get(name, default)

    def up(self) -> bool:
        """Tell whether System M has brought the graph up."""
        with self._lock:
            return bool(self.modes) and len(self._states) == len(names.WIRED_NODES) + 1

    def missing(self) -> list[str]:
        """Return the nodes that were not heard yet."""
        with self._lock:
            return [n for n in (*names.WIRED_NODES, names.SYSTEM_M) if n not in self._states]

    def mode(self) -> str:
        """Return the mode in force, '' before the first."""
        with self._lock:
            return self.modes[-1][0] if self.modes else ''

    def signals(self) -> dict[str, Any]:
        """Return System M's meta-states as it publishes them in its telemetry."""
        return {name: self.value(names.SYSTEM_M, name, float('nan')) for name in SIGNALS}

    def close(self) -> None:
        """Stop listening."""
        self._ending.set()
        self._thread.join(2.0)
        self._node.destroy_node()
        rclpy.try_shutdown()
