"""A topic that is read on demand (decision 0011)."""

import time
from typing import Any

from rclpy.node import Node

from abm_ros.ros import qos
from abm_ros.ros.rclpy_internals import take_all


class Polled:
    """
    The messages of a topic since the last look.

    Made by `PartNode.poll`, which hides `subscription` from executors: its messages wake nothing.
    A thousand joint states per second then cost little, and on the control path no time goes
    into messages that are needed only later.
    """

    def __init__(self, node: Node, message: Any, topic: str, raw: bool, depth: int = 1) -> None:
        """
        Subscribe.

        :param raw: whether messages are left serialised, as bytes.
        :param depth: how many of the messages since the last look are kept, the newest ones.
        """
        self.subscription = node.create_subscription(
            message, topic, _never, qos.newest(depth), raw=raw)
        self._kind, self._raw = message, raw

    def newest(self) -> tuple[Any, float] | None:
        """Return the newest message since the last call and its age in s, or None."""
        found = self.all()
        return found[-1] if found else None

    def all(self) -> list[tuple[Any, float]]:
        """Return the messages since the last call with their ages in s, oldest first."""
        found = take_all(self.subscription, self._kind, self._raw)
        now_ns = time.time_ns()
        return [(message, max(0.0, (now_ns - info['received_timestamp']) * 1e-9))
                for message, info in found]


def _never(_: Any) -> None:
    """Serve as the callback that is never called: no executor sees the subscription."""
