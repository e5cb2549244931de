"""
The floor of the rewiring benchmark: one bare lifecycle node, a process of its own.

`python -m abm_ros.bench.common.bare_node <number>` makes one publisher and one subscription when
activated and destroys them when deactivated; nothing else.
"""

import sys

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from std_msgs.msg import Float32MultiArray

from abm_ros.bench.common.station import spin_bare
from abm_ros.ros import qos


def bare_name(number: int) -> str:
    """Return the name of a bare node."""
    return f'bare_{number}'


class BareNode(LifecycleNode):
    """A lifecycle node with one wire in and one wire out, named by parameters."""

    def __init__(self, number: int) -> None:
        super().__init__(bare_name(number))
        self.declare_parameter('port.out', f'bare/topic_{number}')
        self.declare_parameter('port.in', f'bare/topic_{number + 1}')

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._out = self.create_publisher(
            Float32MultiArray, self.get_parameter('port.out').value, qos.CONTROL)
        self._in = self.create_subscription(
            Float32MultiArray, self.get_parameter('port.in').value, lambda _: None, qos.CONTROL)
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.destroy_publisher(self._out)
        self.destroy_subscription(self._in)
        return TransitionCallbackReturn.SUCCESS


def main() -> int:
    """Run one bare node."""
    return spin_bare(lambda: BareNode(int(sys.argv[1])))


if __name__ == '__main__':
    sys.exit(main())
