"""Going through the motions shortly before the next reading is due."""

from collections.abc import Callable
from typing import Any

from rclpy.serialization import deserialize_message, serialize_message

from abm_ros.ros.node import PartNode

_LEAD_S = 0.004     # before the reading is due: longer than a pass takes
_LEAST_GAP_S = 0.012  # between readings that come faster, nothing grows cold


class Rehearsal:
    """
    Keeps the control path of a node warm.

    Between two readings a node sleeps for 50 ms while others use the processor's caches; its
    first pass then takes 3 to 6 times as long as the next one would (measured). The pass is
    therefore rehearsed just before it is due. A rehearsal publishes nothing and changes nothing.
    """

    def __init__(self, node: PartNode[Any], motions: Callable[[Any], Any]) -> None:
        """
        Rehearse nothing yet.

        :param motions: the pass without its effects: takes a message like the one due and
            returns the one that it would send, None for none.
        """
        self._node = node
        self._motions = motions
        self._taken: Any = None
        self._timer = node.create_timer(1.0, self._rehearse, clock=node.steady)
        self._timer.cancel()

    def expect(self, taken: Any, period_s: float) -> None:
        """
        Rehearse before the next message.

        :param taken: the message that has just come; the next one will be alike.
        :param period_s: when the next one is due, s from now.
        """
        self._taken = taken
        if period_s < _LEAST_GAP_S:
            return
        self._timer.timer_period_ns = int((period_s - _LEAD_S) * 1e9)
        self._timer.reset()

    def _rehearse(self) -> None:
        self._timer.cancel()
        if self._node.active:
            self._node.guarded('rehearsal', self._pass)

    def _pass(self) -> None:
        taken = self._taken
        made = self._motions(deserialize_message(serialize_message(taken), type(taken)))
        if made is not None:
            serialize_message(made)
