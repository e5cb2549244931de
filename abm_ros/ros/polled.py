"""A topic that is read when it is needed, not when a message comes."""

import time
from typing import Any

from rclpy.node import Node

from abm_ros.ros import qos
from abm_ros.ros.rclpy_internals import take


class Polled:
    """
    The newest message of a topic.

    Made by `PartNode.poll`, which leaves `subscription` out of what executors wait for: its
    messages wake nobody. A thousand joint states a second then cost nothing, and on the control
    path nobody takes a processor to read what is needed only later.
    """

    def __init__(self, node: Node, message: Any, topic: str, raw: bool) -> None:
        """:param raw: whether messages are left serialised, as bytes."""
        # Of depth 1: one take finds the newest message or none.
        self.subscription = node.create_subscription(message, topic, _never, qos.NEWEST, raw=raw)
        self._kind, self._raw = message, raw

    def newest(self) -> tuple[Any, float] | None:
        """Return the message that came since the last call, and its age in s; None for none."""
        found = take(self.subscription, self._kind, self._raw)
        if found is None:
            return None
        message, info = found
        return message, max(0.0, (time.time_ns() - info['received_timestamp']) * 1e-9)


def _never(_: Any) -> None:
    """Stand for a callback: no executor knows of the subscription."""
