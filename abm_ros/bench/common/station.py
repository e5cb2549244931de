"""The benchmarks' own place in the graph: nodes spun in a thread, and the floor's processes."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from std_msgs.msg import Float32MultiArray

from abm_ros.bench.common.processes import Children
from abm_ros.common import names
from abm_ros.common.errors import GraphError
from abm_ros.common.telemetry_fields import Telemetry
from abm_ros.ros import qos
from abm_ros.ros.codec import stamp_of
from abm_ros.ros.fast_dds import initialise
from abm_ros.ros.spin import Stop, make_executor
from abm_ros.ros.telemetry_codec import decode_telemetry

T = TypeVar('T', bound=Telemetry)
_TICK_S = 0.1
_POLL_S = 0.05


class Station:
    """
    A context that spins nodes of this process in one thread, with the graph's own executor.

    It keeps the newest telemetry of the nodes named, undecoded until it is asked for.
    """

    def __init__(self, heard: Sequence[type[Telemetry]]) -> None:
        initialise(signal_handler_options=SignalHandlerOptions.NO)
        self.node: Node = rclpy.create_node('abm_bench')
        self._heard: dict[str, Float32MultiArray] = {}
        for kind in heard:
            self.node.create_subscription(
                Float32MultiArray, names.signals_topic(kind.node),
                lambda message, name=kind.node: self._heard.__setitem__(name, message),
                qos.TELEMETRY)
        self._ending = threading.Event()
        self._executor = make_executor()
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, name='station', daemon=True)
        self._thread.start()

    def __enter__(self) -> 'Station':
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(2.0)
        self.node.destroy_node()
        rclpy.try_shutdown()

    def _spin(self) -> None:
        while not self._ending.is_set():
            self._executor.spin_once(timeout_sec=_TICK_S)

    def told(self, kind: type[T]) -> T:
        """Return what a node told last; all of it is unknown before it is heard."""
        message = self._heard.get(kind.node)
        return decode_telemetry(message, kind) if message is not None else kind()

    def told_ns(self, kind: type[Telemetry]) -> int:
        """Return when a node sent what it told last (ns), 0 before it was heard."""
        message = self._heard.get(kind.node)
        return stamp_of(message) if message is not None else 0

    def now_ns(self) -> int:
        """Return the time by the clock that telemetry is stamped with (ns)."""
        return int(self.node.get_clock().now().nanoseconds)


def wait_until(children: Children, what: str, done: Callable[[], bool], timeout_s: float) -> None:
    """
    Wait while the processes run.

    :param what: completes "within ... s: ".
    :raises GraphError: it did not happen in time, or a process ended.
    """
    deadline_s = time.monotonic() + timeout_s
    while not done():
        children.check()
        if time.monotonic() > deadline_s:
            raise GraphError(f'within {timeout_s:g} s it did not happen that {what}; is the '
                             'machine busy with something else?')
        time.sleep(_POLL_S)


def spin_bare(make: Callable[[], Any]) -> int:
    """Spin one bare node in this process as the graph's nodes are spun, until told to stop."""
    initialise(signal_handler_options=SignalHandlerOptions.NO)
    stop = Stop()
    node: Node = make()
    executor = make_executor()
    executor.add_node(node)
    parent = os.getppid()
    while not stop.requested and os.getppid() == parent:
        executor.spin_once(timeout_sec=_TICK_S)
    with contextlib.suppress(Exception):
        node.destroy_node()
    rclpy.try_shutdown()
    return 0
