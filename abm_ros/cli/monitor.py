"""What an operator sees of the running graph, gathered from its topics."""

import threading
import time
from collections.abc import Mapping
from math import isfinite
from typing import TypeVar

import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from std_msgs.msg import Float32MultiArray, Float64MultiArray, String

from abm_ros.cli.watch import UnsafeWatch
from abm_ros.common import names
from abm_ros.common.telemetry import KINDS, SystemATelemetry, SystemBTelemetry, SystemMTelemetry
from abm_ros.common.telemetry_fields import Telemetry
from abm_ros.ros import qos
from abm_ros.ros.fast_dds import initialise
from abm_ros.ros.spin import make_executor
from abm_ros.ros.telemetry_codec import decode_telemetry

T = TypeVar('T', bound=Telemetry)
_TICK_S = 0.1


class Monitor:
    """Subscribes to modes, telemetry and commands in a thread of its own."""

    def __init__(self, namespace: str, controller: str, watch: UnsafeWatch) -> None:
        initialise(signal_handler_options=SignalHandlerOptions.NO)
        self._node: Node = rclpy.create_node('abm_monitor', namespace=namespace)
        self._lock = threading.Lock()
        self._told: dict[str, Telemetry] = {}
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
        # With room for seconds: a command that was missed would make the next one look too fast.
        node.create_subscription(
            Float64MultiArray, names.commands_topic(controller),
            lambda m: self.watch.command(m.data, time.monotonic()), qos.RECORD)
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
        now_s, told = time.monotonic(), decode_telemetry(message, KINDS[name])
        with self._lock:
            self._told[name] = told
            if isinstance(told, SystemBTelemetry):
                self._note_episodes(told, now_s)
            if isinstance(told, SystemATelemetry):
                self._note_error(told, now_s)

    def _note_episodes(self, told: SystemBTelemetry, now_s: float) -> None:
        if isfinite(told.episodes + told.successes):
            self.history.append((now_s, int(told.episodes), int(told.successes)))

    def _note_error(self, told: SystemATelemetry, now_s: float) -> None:
        if isfinite(told.prediction_error):
            self.errors.append((now_s, told.prediction_error))

    def told(self, kind: type[T]) -> T:
        """Return what a node told last; all of it is unknown before it is heard."""
        with self._lock:
            told = self._told.get(kind.node)
        return told if isinstance(told, kind) else kind()

    def up(self) -> bool:
        """Tell whether System M has brought the graph up."""
        with self._lock:
            return bool(self.modes) and len(self._told) == len(names.WIRED_NODES) + 1

    def missing(self) -> list[str]:
        """Return the nodes that were not heard yet."""
        with self._lock:
            return [n for n in (*names.WIRED_NODES, names.SYSTEM_M) if n not in self._told]

    def mode(self) -> str:
        """Return the mode in force, '' before the first."""
        with self._lock:
            return self.modes[-1][0] if self.modes else ''

    def signals(self) -> Mapping[str, float]:
        """Return System M's meta-states as it tells them, none before it is heard."""
        return self.told(SystemMTelemetry).signals

    def close(self) -> None:
        """Stop listening."""
        self._ending.set()
        self._thread.join(2.0)
        self._node.destroy_node()
        rclpy.try_shutdown()
