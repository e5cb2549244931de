"""Demonstrations out of a bag that another robot's rosbag2 could have written."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('mcap_ros2')
typesys = pytest.importorskip('rosbags.typesys')

from mcap.writer import Writer

from abm_ros.cli.main import main
from abm_ros.core.store import Store

PERIOD_NS = 10_000_000           # joint states at 100 Hz
BEGIN_NS = 1_700_000_000_000_000_000
SPEEDS = np.array([0.2, -0.1])   # rad/s
URDF = """<robot name="two"><link name="base"/><link name="upper"/><link name="tool"/>
<joint name="a" type="revolute"><parent link="base"/><child link="upper"/><axis xyz="0 0 1"/>
<limit lower="-3" upper="3" velocity="2.0" effort="10"/></joint>
<joint name="b" type="revolute"><parent link="upper"/><child link="tool"/>
<origin xyz="1 0 0"/><axis xyz="0 0 1"/>
<limit lower="-3" upper="3" velocity="1.0" effort="10"/></joint></robot>"""


def position(time_s: float) -> np.ndarray:
    return np.array([0.1, 0.5]) + SPEEDS * time_s


class ForeignBag:
    """Writes with the message definitions and the CDR of rosbags, not with ours."""

    def __init__(self, path: Path) -> None:
        self._store = typesys.get_typestore(typesys.Stores.ROS2_HUMBLE)
        self._stream = path.open('wb')
        self._writer = Writer(self._stream)
        self._writer.start('ros2')
        self._channels: dict[str, int] = {}

    def put(self, topic: str, kind: str, stamp_ns: int, **values: object) -> None:
        if topic not in self._channels:
            text, _ = self._store.generate_msgdef(kind, ros_version=2)
            schema = self._writer.register_schema(kind, 'ros2msg', text.encode())
            self._channels[topic] = self._writer.register_channel(topic, 'cdr', schema)
        message = self._store.types[kind](**values)
        self._writer.add_message(self._channels[topic], stamp_ns,
                                 bytes(self._store.serialize_cdr(message, kind)), stamp_ns)

    def joints(self, stamp_ns: int, values: np.ndarray, *, velocity: bool) -> None:
        header = self._store.types['std_msgs/msg/Header'](
            stamp=self._store.types['builtin_interfaces/msg/Time'](
                sec=stamp_ns // 10 ** 9, nanosec=stamp_ns % 10 ** 9), frame_id='')
        # In another order than the commands', with a joint that nobody commands.
        self.put('/joint_states', 'sensor_msgs/msg/JointState', stamp_ns, header=header,
                 name=['gripper', 'b', 'a'], position=np.array([9.0, values[1], values[0]]),
                 velocity=np.array([0.0, *SPEEDS[::-1]]) if velocity else np.empty(0),
                 effort=np.empty(0))

    def command(self, stamp_ns: int, values: np.ndarray) -> None:
        layout = self._store.types['std_msgs/msg/MultiArrayLayout'](dim=[], data_offset=0)
        self.put('/arm/commands', 'std_msgs/msg/Float64MultiArray', stamp_ns, layout=layout,
                 data=values)

    def close(self) -> None:
        self._writer.finish()
        self._stream.close()


def write_bag(path: Path, *, velocity: bool = True, description: bool = True,
              commands: bool = True) -> None:
    """Two stretches of 2 s with a pause of 3 s between them; every 50 ms a target 20 ms ahead."""
    bag = ForeignBag(path)
    if description:
        bag.put('/robot_description', 'std_msgs/msg/String', BEGIN_NS, data=URDF)
    for begin_ns in (BEGIN_NS, BEGIN_NS + 5_000_000_000):
        for number in range(200):
            stamp = begin_ns + number * PERIOD_NS
            time_s = number * 0.01
            bag.joints(stamp, position(time_s), velocity=velocity)
            if number % 5 == 0 and commands:
                bag.command(stamp + 1_000_000, position(time_s) + 0.02 * SPEEDS)
    bag.close()


@pytest.mark.parametrize('velocity', [True, False])
def test_a_bag_becomes_demonstrations(tmp_path: Path, velocity: bool) -> None:
    write_bag(tmp_path / 'bag.mcap', velocity=velocity)
    memory = tmp_path / 'memory.db'
    assert main(['memory', 'import', '--out', str(memory), str(tmp_path / 'bag.mcap'),
                 '--joints', 'a', 'b']) == 0
    with Store.read(memory) as reader:
        assert [(f.name, f.size) for f in reader.spec.fields] == [
            ('joint_position', 2), ('joint_velocity', 2), ('tool_position', 3)]
        steps, episodes = list(reader.steps()), reader.episodes()
    assert len(episodes) == 2
    assert {s.provenance for s in steps} == {'teacher'}
    assert len(steps) == 2 * 40                       # 2 s in periods of 50 ms
    for step in steps:
        time_s = step.index * 0.05
        np.testing.assert_allclose(step.observation[:2], position(time_s), atol=1e-6)
        np.testing.assert_allclose(step.observation[2:4], SPEEDS, atol=1e-5)
        # By hand: the second joint is 1 m from the first, and the tool is where it is.
        turn = position(time_s)[0]
        np.testing.assert_allclose(step.observation[4:], [np.cos(turn), np.sin(turn), 0],
                                   atol=1e-6)
        if step.action is not None:
            # A full action moves 0.8 of the velocity limit (2 and 1 rad/s) times 50 ms.
            np.testing.assert_allclose(step.action, 0.02 * SPEEDS / [0.08, 0.04], atol=1e-5)
    for episode in episodes:
        own = [s for s in steps if s.episode == episode.episode]
        assert episode.complete
        assert episode.success
        assert own[-1].success
        assert all(np.array_equal(s.goal, own[-1].observation[4:]) for s in own)


def test_what_a_bag_must_have(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, lacking, text in (('a', {'description': False}, 'give the URDF'),
                                ('b', {'commands': False}, 'holds no commands')):
        write_bag(tmp_path / f'{name}.mcap', **lacking)
        code = main(['memory', 'import', '--out', str(tmp_path / f'{name}.db'),
                     str(tmp_path / f'{name}.mcap'), '--joints', 'a', 'b'])
        assert code == 2
        assert text in capsys.readouterr().err
    write_bag(tmp_path / 'c.mcap')
    assert main(['memory', 'import', '--out', str(tmp_path / 'c.db'),
                 str(tmp_path / 'c.mcap'), '--joints', 'a', 'b', 'c']) == 2
    assert 'no joint state names all of a, b, c' in capsys.readouterr().err
