"""A topic that is read on demand (decision 0011)."""

import time
from typing import Any

from rclpy.node import Node

from abm_ros.ros import qos
from abm_ros.ros.rclpy_internals import take


class Polled:
    """
    The newest message of a topic.

    Made by `PartNode.poll`, which hides `subscription` from executors: its messages wake nothing.
    A thousand joint states per second then cost nothing, and on the control path no time goes
    into messages that are needed only later.
    """

    def __init__(self, node: Node, message: Any, topic: str, raw: bool) -> None:
        """:param raw: whether messages are left serialised, as bytes."""
        # With depth 1, one take returns the newest message or none.
        self.subscription = node.create_subscription(message, topic, _never, qos.NEWEST, raw=raw)
        self._kind, self._raw = message, raw

    def newest(self) -> tuple[Any, float] | None:
        """Return the newest message since the last call and its age in s, or None."""
        found = take(self.subscription, self._kind, self._raw)
        if found is None:
            return None
        message, info = found
        return message, max(0.0, (time.time_ns() - info['received_timestamp']) * 1e-9)


def _never(_: Any) -> None:
    """Serve as the callback that is never called: no executor sees the subscription."""
