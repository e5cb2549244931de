"""A node of the window's own, spun beside Qt."""

import threading
from contextlib import suppress
from types import TracebackType

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from abm_ros.ros.fast_dds import initialise
from abm_ros.ros.spin import make_executor

_TICK_S = 0.2


class SpinningNode:
    """
    Makes a node in a context of its own and spins it in a thread.

    Also inside rqt, whose executor takes several times the processor for the same messages.
    """

    def __init__(self, name: str, namespace: str = '') -> None:
        self._context = rclpy.Context()
        initialise(args=[], context=self._context,
                   signal_handler_options=SignalHandlerOptions.NO)
        self.node: Node = rclpy.create_node(name, namespace=namespace, context=self._context)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._spin, name=name, daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        executor = make_executor(context=self._context)
        executor.add_node(self.node)
        # A signal that ends rqt's own context ends every context of the process.
        with suppress(ExternalShutdownException):
            while not self._ending.is_set():
                executor.spin_once(timeout_sec=_TICK_S)

    def __enter__(self) -> Node:
        return self.node

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop spinning, and let the node go."""
        self._ending.set()
        self._thread.join(2.0)
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)
