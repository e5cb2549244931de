"""
All uses of rclpy's private interfaces, each with its reason; written for rclpy 9.1.

Check this file before moving to another release of rclpy.
"""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from rclpy.exceptions import InvalidHandle
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.timer import Timer

_TAKES_NOTHING = inspect.Signature()


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


class SteadyNode(LifecycleNode):
    """A lifecycle node whose timers fire once when due; quiet subscriptions never wake it."""

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

    def create_timer(self, timer_period_sec: float, callback: Callable[[], None],
                     *arguments: Any, **options: Any) -> Timer:
        """
        As rclpy's, but the callback runs once when it is due (decision 0013).

        If other timers are reset meanwhile, the EventsExecutor of rclpy 9.1 calls a due timer
        several times in a row, and each call postpones the next one by a period. A node under load
        was then silent for seconds and counted as lost.
        """
        period_ns = int(timer_period_sec * 1e9)

        def call() -> None:
            try:
                left_ns = timer.time_until_next_call()
                early = left_ns is not None and left_ns > period_ns
                if early:
                    timer.reset()
            except InvalidHandle:
                return      # destroyed while the call was waiting
            if not early:
                callback()
        # Without it rclpy inspects the callback at each call: 10 us instead of 2 (hot).
        call.__signature__ = _TAKES_NOTHING  # type: ignore[attr-defined]
        timer = super().create_timer(timer_period_sec, call, *arguments, **options)
        return timer
