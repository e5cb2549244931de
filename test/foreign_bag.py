"""Bags that another robot's rosbag2 could have written."""

from pathlib import Path

import numpy as np
from mcap.writer import Writer
from rosbags import typesys

BEGIN_NS = 1_700_000_000_000_000_000


class ForeignBag:
    """Writes with the message definitions and the CDR of rosbags, not with ours."""

    def __init__(self, path: Path, *, end: bool = True) -> None:
        self._store = typesys.get_typestore(typesys.Stores.ROS2_HUMBLE)
        self._stream = path.open('wb')
        # A recording that is cut holds the whole chunks, but no end.
        self._writer = Writer(self._stream, chunk_size=1 << 20 if end else 1000)
        self._writer.start('ros2')
        self._channels: dict[str, int] = {}
        self._end = end

    def put(self, topic: str, kind: str, log_ns: int, **values: object) -> None:
        if topic not in self._channels:
            text, _ = self._store.generate_msgdef(kind, ros_version=2)
            schema = self._writer.register_schema(kind, 'ros2msg', text.encode())
            self._channels[topic] = self._writer.register_channel(topic, 'cdr', schema)
        message = self.make(kind, **values)
        self._writer.add_message(self._channels[topic], log_ns,
                                 bytes(self._store.serialize_cdr(message, kind)), log_ns)

    def make(self, kind: str, **values: object) -> object:
        return self._store.types[kind](**values)

    def describe(self, urdf: str, log_ns: int = BEGIN_NS) -> None:
        self.put('/robot_description', 'std_msgs/msg/String', log_ns, data=urdf)

    def joints(self, log_ns: int, stamp_ns: int, names: list[str], position: list[float],
               velocity: list[float]) -> None:
        self.put('/joint_states', 'sensor_msgs/msg/JointState', log_ns,
                 header=self._header(stamp_ns), name=names, position=np.array(position, float),
                 velocity=np.array(velocity, float), effort=np.empty(0))

    def command(self, log_ns: int, values: np.ndarray, topic: str = '/arm/commands') -> None:
        layout = self.make('std_msgs/msg/MultiArrayLayout', dim=[], data_offset=0)
        self.put(topic, 'std_msgs/msg/Float64MultiArray', log_ns, layout=layout,
                 data=np.array(values, float))

    def trajectory(self, log_ns: int, names: list[str], times: list[float],
                   position: np.ndarray | None = None, velocity: np.ndarray | None = None, *,
                   stamp_ns: int = 0) -> None:
        """Positions and velocities are (P, J); None leaves them out."""
        none = np.empty(0)
        points = [self.make(
            'trajectory_msgs/msg/JointTrajectoryPoint',
            positions=none if position is None else np.array(position[n], float),
            velocities=none if velocity is None else np.array(velocity[n], float),
            accelerations=none, effort=none, time_from_start=self.make(
                'builtin_interfaces/msg/Duration', sec=int(time),
                nanosec=round(time % 1 * 10 ** 9))) for n, time in enumerate(times)]
        self.put('/arm/joint_trajectory', 'trajectory_msgs/msg/JointTrajectory', log_ns,
                 header=self._header(stamp_ns), joint_names=names, points=points)

    def _header(self, stamp_ns: int) -> object:
        return self.make('std_msgs/msg/Header', frame_id='', stamp=self.make(
            'builtin_interfaces/msg/Time', sec=stamp_ns // 10 ** 9,
            nanosec=stamp_ns % 10 ** 9))

    def close(self) -> None:
        if self._end:
            self._writer.finish()
        self._stream.close()
