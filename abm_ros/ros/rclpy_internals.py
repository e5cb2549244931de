"""
All uses of rclpy's private interfaces, each with its reason; written for rclpy 9.1.

Check this file before moving to another release of rclpy.
"""

from collections.abc import Iterator
from typing import Any

from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.parameter import Parameter


def lifecycle_state(node: LifecycleNode) -> str:
    """
    Return the label of a node's own lifecycle state.

    rclpy offers it only by a service, and a node cannot wait for its own service in a callback.
    """
    label: str = node._state_machine.current_state[1]
    return label


def parameter_overrides(node: Node) -> dict[str, Parameter]:
    """
    Return the parameters that a node was started with; entries may be added and removed.

    rclpy shows an override only after its parameter is declared, and its own error for a wrong
    value names neither the unit nor the fix.
    """
    overrides: dict[str, Parameter] = node._parameter_overrides
    return overrides


def parameter_names(node: Node) -> set[str]:
    """
    Return the names of a node's parameters.

    rclpy lists them only by a service or by a prefix.
    """
    return set(node._parameters)


def take_all(subscription: Any, kind: Any, raw: bool) -> list[tuple[Any, dict[str, int]]]:
    """
    Take the messages that wait at a subscription without an executor, oldest first.

    :param kind: class of the messages.
    :param raw: whether messages are left serialised, as bytes.
    :return: each message, and when it was sent and received.
    """
    # rclpy offers this only to executors.
    found, handle = [], subscription.handle
    with handle:
        while (taken := handle.take_message(kind, raw)) is not None:
            found.append(taken)
    return found


class QuietNode(LifecycleNode):
    """A lifecycle node that quiet subscriptions never wake."""

    def __init__(self, name: str) -> None:
        self._quiet: list[Any] = []
        super().__init__(name)

    def keep_quiet(self, subscription: Any) -> None:
        """Leave a subscription out of what executors wait for."""
        self._quiet.append(subscription)

    @property
    def subscriptions(self) -> Iterator[Any]:
        """The subscriptions that wake the node; executors read them here."""
        for subscription in super().subscriptions:
            if subscription not in self._quiet:
                yield subscription
