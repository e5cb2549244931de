"""Shows goal, tool, plan and imagined path to RViz: listens to the graph, publishes markers."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from geometry_msgs.msg import Point, PoseStamped
from rclpy.node import Node
from std_msgs.msg import ColorRGBA, Float32MultiArray, Header, String, UInt8MultiArray
from visualization_msgs.msg import Marker, MarkerArray

from abm_ros.common import names
from abm_ros.common.errors import AbmError
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Observation
from abm_ros.ros import qos
from abm_ros.ros.observation_codec import decode_observation

# What is imagined for an observation's goal: places (T, 3), and how many of them are the plan.
Foresee = Callable[[tuple[Snapshot, Snapshot], ObservationSpec, Observation],
                   tuple[Sequence[np.ndarray], int]]
_LIVED = 100      # places of the goal's object that are kept
_PLACE = 3
_LINE_M, _TOOL_M = 0.006, 0.03
_GREEN, _BLUE, _GREY = (0.1, 0.6, 0.25), (0.15, 0.4, 0.95), (0.6, 0.63, 0.68)
_AMBER, _WHITE = (0.95, 0.6, 0.1), (0.95, 0.95, 0.95)


class MarkerTeller:
    """
    Publishes a MarkerArray for what the graph tells.

    :param node: of its own, in the namespace of the graph.
    :param foresee: imagines; raises AbmError where the models cannot.
    :param frame: in which the body tells places.
    :param period_s: time between two arrays.
    """

    def __init__(self, node: Node, foresee: Foresee, frame: str, period_s: float) -> None:
        self._node, self._foresee, self._frame = node, foresee, frame
        self._spec: ObservationSpec | None = None
        self._seen: Observation | None = None
        self._models: dict[str, Snapshot] = {}
        self._tool: tuple[str, Point] | None = None
        self._lived: deque[Point] = deque(maxlen=_LIVED)
        self._trouble = ''
        self._markers = node.create_publisher(MarkerArray, names.MARKERS, qos.LATCHED)
        node.create_subscription(String, names.OBSERVATION_SPEC, self._on_spec, qos.LATCHED)
        node.create_subscription(Float32MultiArray, names.OBSERVATION, self._on_observation,
                                 qos.SENSOR)
        node.create_subscription(PoseStamped, names.TOOL_POSE, self._on_tool, qos.SENSOR)
        for topic in (names.MODEL_A, names.MODEL_B):
            node.create_subscription(UInt8MultiArray, topic,
                                     lambda message, topic=topic: self._on_model(topic, message),
                                     qos.LATCHED)
        node.create_timer(period_s, self._tell)

    def _on_spec(self, message: String) -> None:
        spec = ObservationSpec.from_json(message.data)
        if spec != self._spec:
            self._spec, self._seen = spec, None
            self._lived.clear()
        if spec.goal_size != _PLACE:
            self._say(f'the goal of this body is a {spec.goal_field} of {spec.goal_size} numbers, '
                      'which is no place in space: only the tool is shown')

    def _on_observation(self, message: Float32MultiArray) -> None:
        if self._spec is None or self._spec.goal_size != _PLACE:
            return
        try:
            seen = decode_observation(message, self._spec)
        except AbmError as error:
            self._say(str(error))
            return
        if seen.teacher:       # not the body's own
            return
        if self._seen is None or seen.episode != self._seen.episode:
            self._lived.clear()
        self._seen = seen
        self._lived.append(_point(seen.vector[self._spec.goal_slice]))

    def _on_tool(self, message: PoseStamped) -> None:
        self._tool = message.header.frame_id, message.pose.position

    def _on_model(self, topic: str, message: UInt8MultiArray) -> None:
        try:
            self._models[topic] = Snapshot.from_bytes(bytes(message.data))
        except AbmError as error:
            self._say(f'{topic}: {error}')

    def _say(self, text: str) -> None:
        if text != self._trouble:
            self._trouble = text
            self._node.get_logger().warning(text)

    def _tell(self) -> None:
        markers = list(self._made())
        if markers:
            clear = Marker(action=Marker.DELETEALL)
            self._markers.publish(MarkerArray(markers=[clear, *markers]))

    def _made(self) -> Iterator[Any]:
        if self._tool is not None:
            frame, place = self._tool
            yield self._marker('tool', Marker.SPHERE, [place], _WHITE, _TOOL_M, frame)
        seen, spec = self._seen, self._spec
        if seen is None or spec is None:
            return
        if not spec.told:
            yield self._marker('goal', Marker.SPHERE, [_point(seen.goal)], _GREEN,
                               2 * spec.goal_tolerance)
        yield self._marker('lived', Marker.LINE_STRIP, list(self._lived), _GREY, _LINE_M)
        yield from self._foreseen(spec, seen)

    def _foreseen(self, spec: ObservationSpec, seen: Observation) -> Iterator[Any]:
        if len(self._models) < 2:
            return
        try:
            path, horizon = self._foresee(
                (self._models[names.MODEL_A], self._models[names.MODEL_B]), spec, seen)
        except AbmError as error:
            self._say(f'no plan is shown: {error}')
            return
        points = [_point(place) for place in path]
        yield self._marker('plan', Marker.LINE_STRIP, points[:horizon + 1], _BLUE, 2 * _LINE_M)
        yield self._marker('imagined', Marker.LINE_STRIP, points[horizon:], _AMBER, _LINE_M)

    def _marker(self, name: str, kind: int, points: Sequence[Point],
                colour: tuple[float, float, float], size_m: float, frame: str = '') -> Any:
        """Return a sphere at the only point, or a line through the points."""
        red, green, blue = colour
        marker = Marker(
            header=Header(frame_id=frame or self._frame,
                          stamp=self._node.get_clock().now().to_msg()),
            ns=name, type=kind, color=ColorRGBA(r=red, g=green, b=blue, a=0.8))
        marker.scale.x = size_m
        if kind == Marker.SPHERE:
            marker.scale.y = marker.scale.z = size_m
            marker.pose.position = points[0]
        elif len(points) > 1:      # RViz complains of a line with one point
            marker.points = list(points)
        else:
            marker.action = Marker.DELETE
        return marker


def _point(place: np.ndarray) -> Point:
    return Point(x=float(place[0]), y=float(place[1]), z=float(place[2]))
