"""Stamps in nanoseconds, and the time of a message that has none."""

from builtin_interfaces.msg import Time
from rclpy.node import Node
from std_msgs.msg import Header

from abm_ros.common.errors import SpecError

NANOSECONDS = 1_000_000_000


def time_to_ns(stamp: Time) -> int:
    """Return a message stamp in nanoseconds."""
    return int(stamp.sec) * NANOSECONDS + int(stamp.nanosec)


def ns_to_time(stamp_ns: int) -> Time:
    """Return nanoseconds as a message stamp."""
    seconds, rest = divmod(stamp_ns, NANOSECONDS)
    return Time(sec=seconds, nanosec=rest)


def stamp_text(stamp_ns: int) -> str:
    """Return a stamp as the header of a tensor message begins with it."""
    seconds, rest = divmod(stamp_ns, NANOSECONDS)
    return f'stamp={seconds}.{rest:09d}'


def parse_stamp(label: str) -> int:
    """
    Return the stamp (ns) with which the header of a tensor message begins.

    :raises SpecError: it begins with none.
    """
    head = label.partition(';')[0]
    seconds, _, rest = head.removeprefix('stamp=').partition('.')
    # Digits are bounded: what does not fit an int64 is not a stamp of ours.
    if not (head.startswith('stamp=') and len(seconds) <= 10 and len(rest) == 9
            and head.isascii() and seconds.isdecimal() and rest.isdecimal()):
        raise SpecError('the first layout dimension must be labelled stamp=<s>.<ns>, got '
                        f'{label or "no dimension"!r}')
    return int(seconds) * NANOSECONDS + int(rest)


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
