"""A topic that is read when it is needed, not when a message comes."""

import time
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile


class Polled:
    """
    The newest message of a topic.

    Made by `PartNode.poll`, which leaves `subscription` out of what executors wait for: its
    messages wake nobody. A thousand joint states a second then cost nothing, and on the control
    path nobody takes a processor to read what is needed only later.
    """

    def __init__(self, node: Node, message: Any, topic: str, profile: QoSProfile) -> None:
        """:param profile: of depth 1, since only the newest message is ever read."""
        self.subscription = node.create_subscription(message, topic, _never, profile)
        self._kind = message

    def newest(self) -> tuple[Any, float] | None:
        """Return the message that came since the last call, and its age in s; None for none."""
        found = None
        with self.subscription.handle:
            while (taken := self.subscription.handle.take_message(self._kind, False)) is not None:
                found = taken
        if found is None:
            return None
        message, info = found
        return message, max(0.0, (time.time_ns() - info['received_timestamp']) * 1e-9)


def _never(_: Any) -> None:
    """Stand for a callback: no executor knows of the subscription."""
