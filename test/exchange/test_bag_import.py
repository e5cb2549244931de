"""Demonstrations out of a bag that another robot's rosbag2 could have written."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip('mcap_ros2')
typesys = pytest.importorskip('rosbags.typesys')

from foreign_bag import BEGIN_NS, ForeignBag
from mcap.reader import make_reader

from abm_ros.cli.main import main
from abm_ros.memory.record.store import Store

PERIOD_NS = 10_000_000           # joint states at 100 Hz
SPEEDS = np.array([0.2, -0.1])   # rad/s
URDF = """<robot name="two"><link name="base"/><link name="upper"/><link name="tool"/>
<joint name="a" type="revolute"><parent link="base"/><child link="upper"/><axis xyz="0 0 1"/>
<limit lower="-3" upper="3" velocity="2.0" effort="10"/></joint>
<joint name="b" type="revolute"><parent link="upper"/><child link="tool"/>
<origin xyz="1 0 0"/><axis xyz="0 0 1"/>
<limit lower="-3" upper="3" velocity="1.0" effort="10"/></joint></robot>"""


def position(time_s: float) -> np.ndarray:
    return np.array([0.1, 0.5]) + SPEEDS * time_s


def write_bag(path: Path, *, velocity: bool = True, description: bool = True,
              commands: bool = True, every: int = 1, clock_lag_ns: int = 0) -> None:
    """Two stretches of 2 s with a pause of 3 s between them; every 50 ms a target 20 ms ahead."""
    bag = ForeignBag(path)
    if description:
        bag.describe(URDF)
    for begin_ns in (BEGIN_NS, BEGIN_NS + 5_000_000_000):
        for number in range(200):
            stamp = begin_ns + number * PERIOD_NS
            time_s = number * 0.01
            if number % every == 0:
                # In another order than the commands', with a joint that nobody commands.
                where = position(time_s)
                bag.joints(stamp, stamp - clock_lag_ns, ['gripper', 'b', 'a'],
                           [9.0, where[1], where[0]],
                           [0.0, *SPEEDS[::-1]] if velocity else [])
            if number % 5 == 0 and commands:
                bag.command(stamp + 1_000_000, position(time_s) + 0.02 * SPEEDS)
    bag.close()


@pytest.mark.parametrize('given', [
    {}, {'velocity': False}, {'velocity': False, 'every': 5},
    {'clock_lag_ns': BEGIN_NS}])       # simulated time, which began with the bag
def test_a_bag_becomes_demonstrations(tmp_path: Path, given: dict[str, Any]) -> None:
    write_bag(tmp_path / 'bag.mcap', **given)
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


def convert(arguments: list[str]) -> int:
    return subprocess.run([Path(sys.executable).with_name('rosbags-convert'), *arguments],
                          check=False).returncode


def imports(tmp_path: Path, source: Path, *options: str, memory: str = 'memory.db') -> int:
    return main(['memory', 'import', '--out', str(tmp_path / memory), str(source), *options])


def test_the_order_of_the_joints_is_not_guessed(tmp_path: Path,
                                                capsys: pytest.CaptureFixture[str]) -> None:
    write_bag(tmp_path / 'bag.mcap')
    assert imports(tmp_path, tmp_path / 'bag.mcap') == 2
    assert "give --joints in the controller's order, of gripper, b, a" in capsys.readouterr().err
    assert not (tmp_path / 'memory.db').exists()


def test_joint_states_that_are_too_slow(tmp_path: Path,
                                        capsys: pytest.CaptureFixture[str]) -> None:
    write_bag(tmp_path / 'bag.mcap', every=20, velocity=False)      # every 0.2 s
    joints = ('--joints', 'a', 'b')
    assert imports(tmp_path, tmp_path / 'bag.mcap', *joints) == 2
    assert 'come every 0.2 s' in capsys.readouterr().err
    assert not (tmp_path / 'memory.db').exists()
    assert imports(tmp_path, tmp_path / 'bag.mcap', *joints, '--period', '0.2') == 0
    with Store.read(tmp_path / 'memory.db') as reader:
        for step in reader.steps():
            np.testing.assert_allclose(step.observation[2:4], SPEEDS, atol=1e-5)


@pytest.mark.parametrize('option', [
    ('--period', '0'), ('--period', '-1'), ('--period', 'nan'), ('--period', '1e-9'),
    ('--tolerance', 'nan'), ('--tolerance', '0')])
def test_refuses_senseless_numbers(tmp_path: Path, option: tuple[str, str],
                                   capsys: pytest.CaptureFixture[str]) -> None:
    write_bag(tmp_path / 'bag.mcap')
    assert imports(tmp_path, tmp_path / 'bag.mcap', '--joints', 'a', 'b', *option) == 2
    assert 'out of bounds' in capsys.readouterr().err
    assert not (tmp_path / 'memory.db').exists()


def test_a_record_that_is_not_as_asked_for(tmp_path: Path,
                                           capsys: pytest.CaptureFixture[str]) -> None:
    write_bag(tmp_path / 'bag.mcap')
    joints = ('--joints', 'a', 'b')
    assert imports(tmp_path, tmp_path / 'bag.mcap', *joints) == 0
    assert imports(tmp_path, tmp_path / 'bag.mcap', *joints, '--period', '0.05') == 0
    for option, text in ((('--period', '0.1'), 'control_period_s is 0.05'),
                         (('--tolerance', '0.1'), 'goal_tolerance is 0.05')):
        assert imports(tmp_path, tmp_path / 'bag.mcap', *joints, *option) == 2
        assert text in capsys.readouterr().err


@pytest.mark.parametrize('words', [
    ('--joints', 'a', 'b', 'BAG'), ('--joints', 'a,b', 'BAG'), ('BAG', '--joints', 'a', 'b'),
    ('--joints', 'a', 'b', '--', 'BAG'), ('--joints', 'a,', 'b', '--period', '0.05', 'BAG')])
def test_the_words_in_any_order(tmp_path: Path, words: tuple[str, ...]) -> None:
    write_bag(tmp_path / 'bag.mcap')
    assert main(['memory', 'import', '--out', str(tmp_path / 'm.db'),
                 *(str(tmp_path / 'bag.mcap') if word == 'BAG' else word for word in words)]) == 0
    with Store.read(tmp_path / 'm.db') as reader:
        assert reader.spec.action_size == 2


def test_a_source_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, text in ((('--joints', 'a', 'b'), 'b: no such file or folder'),
                        ((), 'name a bag')):
        assert main(['memory', 'import', '--out', str(tmp_path / 'm.db'), *words]) == 2
        assert text in capsys.readouterr().err


def test_a_urdf_that_is_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_bag(tmp_path / 'bag.mcap')
    (tmp_path / 'arm.urdf').write_bytes(b'\xff\xfe<robot')
    assert imports(tmp_path, tmp_path / 'bag.mcap', '--joints', 'a', 'b', '--urdf',
                   str(tmp_path / 'arm.urdf')) == 2
    assert 'cannot be read as text' in capsys.readouterr().err


def test_the_folder_of_a_rosbag2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Written by rosbags, an independent writer of rosbag2's metadata."""
    rosbag2 = pytest.importorskip('rosbags.rosbag2')
    types = typesys.get_typestore(typesys.Stores.ROS2_HUMBLE)
    write_bag(tmp_path / 'flat.mcap')
    for name, plugin in (('folder', rosbag2.StoragePlugin.MCAP),
                         ('old', rosbag2.StoragePlugin.SQLITE3)):
        with rosbag2.Writer(tmp_path / name, version=9, storage_plugin=plugin) as writer:
            ways: dict[str, Any] = {}
            with open(tmp_path / 'flat.mcap', 'rb') as stream:
                for schema, channel, message in make_reader(stream).iter_messages():
                    if channel.topic not in ways:
                        ways[channel.topic] = writer.add_connection(
                            channel.topic, schema.name, typestore=types)
                    writer.write(ways[channel.topic], message.log_time, message.data)
    joints = ('--joints', 'a', 'b')
    assert imports(tmp_path, tmp_path / 'folder', *joints) == 0
    assert imports(tmp_path, tmp_path / 'flat.mcap', *joints, memory='flat.db') == 0
    with Store.read(tmp_path / 'memory.db') as one, Store.read(tmp_path / 'flat.db') as two:
        assert [repr(vars(s)) for s in one.steps()] == [repr(vars(s)) for s in two.steps()]
    capsys.readouterr()
    alone = tmp_path / 'old.db3'
    alone.write_bytes(next((tmp_path / 'old').glob('*.db3')).read_bytes())
    for source, told in ((tmp_path / 'old', tmp_path / 'old'),
                         (next((tmp_path / 'old').glob('*.db3')), tmp_path / 'old'),
                         (alone, alone), (tmp_path / 'bare', tmp_path / 'bare/old.db3')):
        if source.name == 'bare':
            source.mkdir()
            alone.rename(source / 'old.db3')
        assert imports(tmp_path, source, *joints) == 2
        assert (f'rosbags-convert --src {told} --dst old_mcap --dst-storage mcap'
                in capsys.readouterr().err)
    # Which is a command that works.
    assert convert(['--src', str(tmp_path / 'bare/old.db3'), '--dst', str(tmp_path / 'old_mcap'),
                    '--dst-storage', 'mcap']) == 0
    assert imports(tmp_path, tmp_path / 'old_mcap', *joints, memory='old.db') == 0
    next((tmp_path / 'folder').glob('*.mcap')).rename(tmp_path / 'elsewhere.mcap')
    assert imports(tmp_path, tmp_path / 'folder', *joints) == 2
    assert 'lacks folder.mcap' in capsys.readouterr().err
    (tmp_path / 'folder' / 'metadata.yaml').write_text('[1, 2')
    assert imports(tmp_path, tmp_path / 'folder', *joints) == 2
    assert "expected rosbag2's metadata" in capsys.readouterr().err
