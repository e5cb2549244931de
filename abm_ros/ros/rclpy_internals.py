"""
Every place where this package leans on rclpy's insides, with the reason; written for rclpy 9.1.

Whoever moves to another release of rclpy reads this file.
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

    rclpy tells it by a service alone, which a node cannot wait for in a callback of its own.
    """
    label: str = node._state_machine.current_state[1]
    return label


def parameter_overrides(node: Node) -> dict[str, Parameter]:
    """
    Return the parameters that a node was started with; entries may be added and removed.

    rclpy shows an override only once its parameter is declared, and its own refusal of a wrong
    one names neither the unit nor the fix.
    """
    overrides: dict[str, Parameter] = node._parameter_overrides
    return overrides


def take(subscription: Any, kind: Any, raw: bool) -> tuple[Any, dict[str, int]] | None:
    """
    Take a message from a subscription without an executor, None for none.

    :param kind: class of the messages.
    :param raw: whether messages are left serialised, as bytes.
    :return: the message, and when it was sent and received.
    """
    # rclpy offers this to executors alone.
    with subscription.handle:
        found: tuple[Any, dict[str, int]] | None = subscription.handle.take_message(kind, raw)
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
        """What wakes the node; executors ask for it here, and rclpy knows no quieter way."""
        for subscription in super().subscriptions:
            if subscription not in self._quiet:
                yield subscription

    def create_timer(self, timer_period_sec: float, callback: Callable[[], None],
                     *arguments: Any, **options: Any) -> Timer:
        """
        As rclpy's, but called once when it is due.

        Where another timer is reset meanwhile, the EventsExecutor of rclpy 9.1 calls one that is
        due several times in a row, and every call puts the next one off by a period: a node under
        load said nothing for seconds and counted as lost.
        """
        period_ns = int(timer_period_sec * 1e9)

        def call() -> None:
            try:
                left_ns = timer.time_until_next_call()
                early = left_ns is not None and left_ns > period_ns
                if early:
                    timer.reset()
            except InvalidHandle:
                return      # destroyed while its turn was waited for
            if not early:
                callback()
        # rclpy looks up at each call whether it would take the timer: 2 us in place of 10 (hot).
        call.__signature__ = _TAKES_NOTHING  # type: ignore[attr-defined]
        timer = super().create_timer(timer_period_sec, call, *arguments, **options)
        return timer
