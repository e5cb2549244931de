"""The time at which a message held: its stamp, or its arrival where it has none."""

from rclpy.node import Node
from std_msgs.msg import Header

from abm_ros.ros.codec import time_to_ns


class Stamps:
    """Reads the stamps of a node's topics; says once of each that it has none."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._unstamped: set[str] = set()

    def of(self, topic: str, header: Header) -> int:
        """Return when a message of a topic held, ns."""
        stamp_ns = time_to_ns(header.stamp)
        if stamp_ns > 0:
            return stamp_ns
        if topic not in self._unstamped:
            self._unstamped.add(topic)
            self._node.get_logger().warning(
                f'{topic} comes without a stamp (0): the time of its arrival is taken')
        now_ns: int = self._node.get_clock().now().nanoseconds
        return now_ns
