"""
The floor of the latency benchmark: one bare relay, a process of its own.

`python -m abm_ros.bench.latency.relay <hop> <layout>` subscribes with the types and profiles of
the node that it stands for, and answers each message with a prepared one of the same size as that
node's. Only the stamp is carried over, without which nothing could be matched.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import (
    Float32MultiArray,
    Float64MultiArray,
    MultiArrayDimension,
    MultiArrayLayout,
)

from abm_ros.bench.common.station import spin_bare
from abm_ros.common import names
from abm_ros.ros import qos
from abm_ros.ros.ports import port
from abm_ros.ros.stamps import NANOSECONDS, time_to_ns

# The way of a reading through the graph: node, port that takes, port that gives.
HOPS = ((names.SENSORY_GATE, 'joint_states', 'observation'),
        (names.SYSTEM_A, 'observation', 'latent'),
        (names.SYSTEM_B, 'latent', 'action'),
        (names.MOTOR_GATE, 'action', 'command'))
Layout = Sequence[tuple[str, int]]


def floor_topic(what: str) -> str:
    """Return the topic of the floor that stands for a port."""
    return f'floor/{what}'


def layout_of(message: Float32MultiArray | Float64MultiArray) -> list[tuple[str, int]]:
    """Return the layout of a message of the graph: label and size of each dimension."""
    return [(dim.label, dim.size) for dim in message.layout.dim]


def template(kind: Any, layout: Layout) -> Any:
    """Return a message with this layout and as many numbers as its first dimension says."""
    message = kind(layout=MultiArrayLayout(dim=[
        MultiArrayDimension(label=label, size=size, stride=size) for label, size in layout]))
    message.data = [0.0] * layout[0][1]
    return message


def _stamp_text(message: Any) -> str:
    if isinstance(message, JointState):
        seconds, rest = divmod(time_to_ns(message.header.stamp), NANOSECONDS)
        return f'stamp={seconds}.{rest:09d}'
    label: str = message.layout.dim[0].label
    return label.partition(';')[0]


def make_relay(hop: int, layout: Layout) -> Node:
    """Return a node that relays hop `hop` of HOPS."""
    owner, taken, given = HOPS[hop]
    node: Node = rclpy.create_node(f'relay_{hop}')
    last = hop == len(HOPS) - 1
    kind, profile = ((Float64MultiArray, qos.CONTROL) if last
                     else (Float32MultiArray, port(owner, given).profile))
    answer = template(kind, layout)
    head = answer.layout.dim[0]
    rest = ''.join(head.label.partition(';')[1:])
    publisher = node.create_publisher(kind, floor_topic(given), profile)

    def relay(message: Any) -> None:
        head.label = _stamp_text(message) + rest
        publisher.publish(answer)

    source = port(owner, taken)
    taking: QoSProfile = source.profile
    node.create_subscription(source.message, floor_topic(taken), relay, taking)
    return node


def main() -> int:
    """Run one relay."""
    hop, layout = int(sys.argv[1]), json.loads(sys.argv[2])
    return spin_bare(lambda: make_relay(hop, layout))


if __name__ == '__main__':
    sys.exit(main())
