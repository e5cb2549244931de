"""Notices another process of the same node in the same namespace (decision 0050)."""

import time
from contextlib import suppress

import rclpy
from rclpy.node import Node
from std_msgs.msg import Float32MultiArray

from abm_ros.common import names
from abm_ros.common.errors import GraphError, SpecError
from abm_ros.common.telemetry import Telemetry
from abm_ros.ros.polled import Polled
from abm_ros.ros.telemetry_codec import decode_telemetry

# Discovery may take this long. A node is imported meanwhile, so little of it is waited for.
LISTEN_S = 2.5
# On a busy computer the imports may take all of that, and discovery is as late.
_LEAST_S = 0.5
# Two that start together hear each other only after both were made.
WATCH_S = 10.0
_LOOK_S = 0.02
_KEPT = 20     # messages between two looks; both processes send


class TwinWatch:
    """
    Listens for telemetry that another process sends in the name of this node.

    Only what is sent counts: a process that was killed stays in the graph for 20 s, and silent.
    """

    def __init__(self, part: str) -> None:
        """:param part: the node's name in the code."""
        self._part = part
        self._begun_s = time.monotonic()
        # Not under the node's own name, which is free until it is known that nobody has it.
        self._node: Node | None = rclpy.create_node(
            f'_{part}_twin_watch', start_parameter_services=False, enable_rosout=False)
        self._heard = Polled(self._node, Float32MultiArray, names.signals_topic(part), raw=False,
                             depth=_KEPT)

    def wait(self) -> None:
        """
        Listen until a twin that runs already would have been heard.

        :raises GraphError: it was heard.
        """
        end_s = max(self._begun_s + LISTEN_S, time.monotonic() + _LEAST_S)
        while time.monotonic() < end_s:
            self.check('')
            time.sleep(_LOOK_S)
        self.check('')

    def check(self, incarnation: str) -> None:
        """
        See whether this process must end, because an older one of the node is alive.

        :param incarnation: of this process; '' before its node was made, when each is older.
        :raises GraphError: naming the node and its place.
        """
        if self._node is None:
            return
        for message, _ in self._heard.all():
            with suppress(SpecError):    # garbage is not a node
                other = decode_telemetry(message, Telemetry).incarnation
                if other and (not incarnation or other < incarnation) and self._is_a_node(
                        besides=bool(incarnation)):
                    raise GraphError(
                        f'another {self._part} runs in namespace {self._node.get_namespace()!r}: '
                        'two graphs cannot share one; end the other, or give this one a '
                        'namespace or a ROS_DOMAIN_ID of its own')
        if time.monotonic() - self._begun_s > WATCH_S:
            self.close()

    def _is_a_node(self, *, besides: bool) -> bool:
        """
        Tell whether a node of this name is there, and not only a bag that is played.

        :param besides: beside this process's own node.
        """
        assert self._node is not None
        there = self._node.get_publishers_info_by_topic(names.signals_topic(self._part))
        return sum(info.node_name == self._part for info in there) > besides

    def close(self) -> None:
        """Listen no more."""
        if self._node is not None:
            self._node.destroy_node()
            self._node = None
