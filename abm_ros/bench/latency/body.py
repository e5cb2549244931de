"""
The body of the latency benchmark: one arm that shows its state to the graph and to the floor.

It speaks ros2_control's contract at the arm's own rate and moves as the graph commands. Halfway
between two states for the graph it sends the very same state down the chain of relays, so both
are timed by the same clock, on the same thread, under the same load, a few milliseconds apart.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from sensor_msgs.msg import BatteryState, JointState
from std_msgs.msg import Float32MultiArray, Float64MultiArray, Header, String

from abm_ros.agent.life import channels_of
from abm_ros.bench.latency.relay import HOPS, Layout, floor_topic, layout_of
from abm_ros.bodies.types import Body, BodyState
from abm_ros.common import names
from abm_ros.ros import qos
from abm_ros.ros.episode_tag import episode_tag
from abm_ros.ros.ports import port
from abm_ros.ros.stamps import ns_to_time

GRAPH, FLOOR = 'graph', 'floor'
_KEPT = 20     # states whose answers are waited for: 1 s at 20 Hz
_PHASES = 4   # of a control period: state to the graph, -, state to the floor, the arm moves


@dataclass
class Timing:
    """Times of one block, s: from publishing the joint state to each arrival back here."""

    sent: int = 0
    arrivals: dict[str, list[float]] = field(default_factory=dict)

    def add(self, topic: str, time_s: float) -> None:
        """Take one arrival."""
        self.arrivals.setdefault(topic, []).append(time_s)


class BenchBody:
    """
    Drives a simulated arm on a node that somebody spins.

    :param profile: also listen to the topics between the hops; that costs the hops one more
        reader each, so the figures of a profile are for finding where the time goes.
    """

    def __init__(self, node: Node, body: Body, *, profile: bool = False) -> None:
        self._node, self._body = node, body
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._phase = 0
        self._episode = -1
        self._next: np.ndarray | None = None
        # By stamp: when it was sent, and the block that it belongs to. More than one, for an
        # answer that takes longer than a period must count with the time that it took.
        self._under_way: dict[str, dict[int, tuple[int, Timing | None]]] = {GRAPH: {}, FLOOR: {}}
        self._block: dict[str, Timing] | None = None
        self.layouts: dict[str, Layout] = {}
        self._joints = {
            GRAPH: node.create_publisher(JointState, names.JOINT_STATES, qos.BODY),
            FLOOR: node.create_publisher(JointState, floor_topic('joint_states'), qos.BODY)}
        self._tool = node.create_publisher(PoseStamped, names.TOOL_POSE, qos.BODY)
        self._battery = node.create_publisher(BatteryState, names.BATTERY, qos.BODY)
        self._goal = node.create_publisher(PoseStamped, names.GOAL, qos.LATCHED)
        self._description = node.create_publisher(String, names.ROBOT_DESCRIPTION, qos.LATCHED)
        self._description.publish(String(data=body.description()))
        self._listen('command', Float64MultiArray, GRAPH,
                     names.commands_topic(names.CONTROLLER), qos.CONTROL)
        self._listen('command', Float64MultiArray, FLOOR, floor_topic('command'), qos.CONTROL)
        self._scouts = [self._listen(given, Float32MultiArray, GRAPH,
                                     port(owner, given).topic, qos.CONTROL)
                        for owner, _, given in HOPS[:-1]]
        if profile:
            for _, _, given in HOPS[:-1]:
                self._listen(given, Float32MultiArray, FLOOR, floor_topic(given), qos.CONTROL)
            self._scouts = []
        node.create_timer(body.control_period_s / _PHASES, self._tick, clock=self._steady)

    def stop_scouting(self) -> None:
        """Close the subscriptions that learned what the messages between the hops are like."""
        for scout in self._scouts:
            self._node.destroy_subscription(scout)
        self._scouts = []

    def relays_matched(self) -> bool:
        """Tell whether the chain of relays is connected at both ends."""
        return bool(self._joints[FLOOR].get_subscription_count()
                    and self._node.count_publishers(floor_topic('command')))

    def begin(self) -> dict[str, Timing]:
        """Begin a block; its timings are added until `end`, and a little later."""
        timing = {GRAPH: Timing(), FLOOR: Timing()}
        self._block = timing
        return timing

    def end(self) -> None:
        """End the block; answers still under way belong to it."""
        self._block = None

    def _listen(self, what: str, kind: Any, side: str, topic: str, profile: Any) -> Any:
        return self._node.create_subscription(
            kind, topic, lambda message: self._arrived(side, what, message), profile)

    def _arrived(self, side: str, what: str, message: Any) -> None:
        now_ns = self._steady.now().nanoseconds
        label = message.layout.dim[0].label if message.layout.dim else ''
        # The motor gate writes one number, the others <s>.<ns>: the digits are the same.
        digits = label.partition(';')[0].removeprefix('stamp=').replace('.', '')
        found = self._under_way[side].get(int(digits)) if digits.isdecimal() else None
        if found is None:
            return
        sent_ns, timing = found
        if timing is not None:
            timing.add(what, (now_ns - sent_ns) * 1e-9)
        if side == GRAPH:
            self.layouts[what] = layout_of(message)
            if what == 'command':
                self._next = np.asarray(message.data, float)

    def _tick(self) -> None:
        if self._phase == 0:
            self._show_graph(self._body.state())
        elif self._phase == 2:
            self._show_floor(self._body.state())
        elif self._phase == 3 and self._next is not None:
            # After both were timed, so that physics wakes the processor for neither.
            self._body.step(self._next)
            self._next = None
        self._phase = (self._phase + 1) % _PHASES

    def _show_graph(self, state: BodyState) -> None:
        stamp_ns = self._node.get_clock().now().nanoseconds
        frame = Header(stamp=ns_to_time(stamp_ns), frame_id='base')
        if state.episode != self._episode and state.goal is not None:
            self._episode = state.episode
            self._goal.publish(PoseStamped(header=frame, pose=_pose(state.goal)))
        if state.tool_position is not None:
            self._tool.publish(PoseStamped(header=frame, pose=_pose(state.tool_position)))
        self._send(GRAPH, stamp_ns, state)
        # A full battery: the arm must not be sent to rest while it is measured.
        self._battery.publish(BatteryState(header=frame, percentage=1.0, present=True))

    def _show_floor(self, state: BodyState) -> None:
        self._send(FLOOR, self._node.get_clock().now().nanoseconds, state)

    def _send(self, side: str, stamp_ns: int, state: BodyState) -> None:
        channels, position, velocity, _ = channels_of(state)
        message = JointState(
            header=Header(stamp=ns_to_time(stamp_ns),
                          frame_id=episode_tag(state.episode, state.step)),
            name=list(channels), position=position.tolist(), velocity=velocity.tolist(),
            effort=[0.0] * len(channels))   # no effort, no pain, no change of mode
        timing = self._block[side] if self._block is not None else None
        if timing is not None:
            timing.sent += 1
        under_way = self._under_way[side]
        if len(under_way) == _KEPT:
            del under_way[next(iter(under_way))]
        under_way[stamp_ns] = (self._steady.now().nanoseconds, timing)
        self._joints[side].publish(message)


def _pose(position: np.ndarray) -> Pose:
    x, y, z = (float(v) for v in position[:3])
    return Pose(position=Point(x=x, y=y, z=z), orientation=Quaternion(w=1.0))
