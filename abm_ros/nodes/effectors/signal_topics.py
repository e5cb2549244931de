"""Publishes each meta-state as a Float64 topic, which rqt_plot and PlotJuggler draw."""

from collections.abc import Mapping

from rclpy.node import Node
from std_msgs.msg import Float64

from abm_ros.common import names
from abm_ros.meta.signals.entry import signal_names
from abm_ros.ros import qos

# A signal that changed by less is published once a second.
_CHANGE = 0.01


class SignalTopics:
    """Publishes the signals of each tick."""

    def __init__(self, node: Node, tick_s: float) -> None:
        self.topics = {name: node.create_publisher(
            Float64, names.SIGNAL_PREFIX + name, qos.TELEMETRY) for name in signal_names()}
        self._whole = max(1, round(1.0 / tick_s))
        self._tick = 0
        self._told: dict[str, float] = {}

    def publish(self, signals: Mapping[str, float]) -> None:
        """Publish changed signals, and all once a second: publishing is most of a tick's cost."""
        self._tick += 1
        whole = self._tick % self._whole == 0
        for name, value in signals.items():
            if whole or abs(value - self._told.get(name, -1.0)) > _CHANGE:
                self._told[name] = value
                self.topics[name].publish(Float64(data=value))
