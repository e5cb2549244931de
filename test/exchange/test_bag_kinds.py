"""Bags as people have them: what each kind must become."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('mcap_ros2')
pytest.importorskip('rosbags.typesys')

from foreign_bag import BEGIN_NS, ForeignBag

from abm_ros.cli.main import main
from abm_ros.common.transition import Step
from abm_ros.memory.record.store import Store

MS = 1_000_000
SECOND = 1000 * MS
JOINTS = ['a', 'b']
# A full action moves 0.8 of the velocity limit, 1 rad/s, times 50 ms.
FULL = 0.04
SPEEDS = np.array([0.3, -0.2])   # rad/s
REVOLUTE, CONTINUOUS = ('<limit lower="-3" upper="3" velocity="1" effort="10"/>',
                        '<limit velocity="1" effort="10"/>')


def urdf(limits: str = REVOLUTE, kind: str = 'revolute') -> str:
    joints = (f'<joint name="{name}" type="{kind}"><parent link="{parent}"/>'
              f'<child link="{child}"/><origin xyz="1 0 0"/><axis xyz="0 0 1"/>{limits}</joint>'
              for name, parent, child in (('a', 'base', 'upper'), ('b', 'upper', 'tool')))
    links = ''.join(f'<link name="{name}"/>' for name in ('base', 'upper', 'tool'))
    return f'<robot name="two">{links}{"".join(joints)}</robot>'


def position(time_s: float) -> np.ndarray:
    return np.array([-0.5, 0.5]) + SPEEDS * time_s


def move(bag: ForeignBag, log_ns: int, stamp_ns: int, length_s: float = 2.0, *,
         begin_s: float = 0.0, commands: bool = True) -> None:
    """Joint states at 100 Hz; every 50 ms a target a period ahead."""
    for number in range(round(length_s * 100)):
        passed, time_s = number * 10 * MS, begin_s + number * 0.01
        bag.joints(log_ns + passed, stamp_ns + passed, JOINTS, position(time_s).tolist(),
                   SPEEDS.tolist())
        if number % 5 == 0 and commands:
            bag.command(log_ns + passed + MS, position(time_s + 0.05))


def imported(source: Path, *options: str) -> list[Step]:
    memory = source.parent / f'{source.stem}.db'
    assert main(['memory', 'import', '--out', str(memory), *options, str(source)]) == 0
    with Store.read(memory) as reader:
        return list(reader.steps())


def episodes(steps: Sequence[Step]) -> list[list[Step]]:
    return [[s for s in steps if s.episode == number]
            for number in dict.fromkeys(s.episode for s in steps)]


def check_moving(steps: Sequence[Step], begin_s: float = 0.0) -> None:
    for step in steps:
        np.testing.assert_allclose(step.observation[:2], position(begin_s + step.index * 0.05),
                                   atol=1e-5)
        if step.action is not None:
            np.testing.assert_allclose(step.action, SPEEDS * 0.05 / FULL, atol=1e-4)


@pytest.mark.parametrize('simulated', [False, True])
def test_a_clock_that_jumps_back(tmp_path: Path, simulated: bool) -> None:
    """A reset simulator: stamps jump, and so do the recorder's where it goes by /clock."""
    bag = ForeignBag(tmp_path / 'bag.mcap')
    bag.describe(urdf())
    for lap in range(3):
        log = BEGIN_NS if simulated else BEGIN_NS + lap * 2 * SECOND
        move(bag, log, SECOND)
    bag.close()
    found = episodes(imported(tmp_path / 'bag.mcap', '--joints', *JOINTS))
    assert [len(steps) for steps in found] == [40, 40, 40]
    for steps in found:
        check_moving(steps)
        assert steps[-1].success
        assert steps[-1].action is None


def test_topics_one_after_the_other_are_no_jump(tmp_path: Path) -> None:
    bag = ForeignBag(tmp_path / 'bag.mcap')
    bag.describe(urdf())
    move(bag, BEGIN_NS, BEGIN_NS, commands=False)
    for number in range(40):
        bag.command(BEGIN_NS + number * 50 * MS + MS, position(number * 0.05 + 0.05))
    bag.close()
    steps = imported(tmp_path / 'bag.mcap', '--joints', *JOINTS)
    assert len(steps) == 40
    check_moving(steps)


def test_readings_that_overtake_each_other_are_no_jump(tmp_path: Path) -> None:
    bag = ForeignBag(tmp_path / 'bag.mcap')
    bag.describe(urdf())
    for number in range(200):
        late = 1 if number % 2 == 0 else -1
        bag.joints(BEGIN_NS + number * 10 * MS, BEGIN_NS + (number + late) * 10 * MS, JOINTS,
                   position((number + late) * 0.01).tolist(), SPEEDS.tolist())
        if number % 5 == 0:
            bag.command(BEGIN_NS + number * 10 * MS + MS, position(number * 0.01 + 0.05))
    bag.close()
    steps = imported(tmp_path / 'bag.mcap', '--joints', *JOINTS)
    assert len(steps) == 40
    check_moving(steps)


def test_a_planned_trajectory(tmp_path: Path) -> None:
    """At each step the way to the point that is due, not to the last one, which is 0.9 rad off."""
    bag = ForeignBag(tmp_path / 'bag.mcap')
    bag.describe(urdf())
    times = [0.1 * n for n in range(1, 31)]
    bag.trajectory(BEGIN_NS, JOINTS[::-1], times, np.array([position(t)[::-1] for t in times]))
    move(bag, BEGIN_NS, BEGIN_NS, 3.0, commands=False)
    bag.close()
    steps = imported(tmp_path / 'bag.mcap')        # which names its joints, b first
    assert len(steps) == 60
    for step in steps[:-1]:
        np.testing.assert_allclose(step.observation[:2], position(step.index * 0.05)[::-1],
                                   atol=1e-5)
        np.testing.assert_allclose(step.action, SPEEDS[::-1] * 0.05 / FULL, atol=1e-4)


def test_a_trajectory_that_tells_its_speeds(tmp_path: Path) -> None:
    """Two points that begin and end at rest: a cubic, s = 3 t^2 - 2 t^3."""
    way = np.array([0.3, -0.2])

    def smooth(time_s: float) -> np.ndarray:
        share = np.clip(time_s / 2.0, 0.0, 1.0)
        return way * (3 * share ** 2 - 2 * share ** 3)

    bag = ForeignBag(tmp_path / 'bag.mcap')
    bag.describe(urdf())
    # Stamped to begin 0.5 s after it comes.
    bag.trajectory(BEGIN_NS, JOINTS, [2.0], way[None], np.zeros((1, 2)),
                   stamp_ns=BEGIN_NS + SECOND // 2)
    for number in range(300):
        stamp = BEGIN_NS + number * 10 * MS
        bag.joints(stamp, stamp, JOINTS, smooth(number * 0.01 - 0.5).tolist(), [0.0, 0.0])
    bag.close()
    for step in imported(tmp_path / 'bag.mcap')[:-1]:
        now_s = step.index * 0.05 - 0.5
        np.testing.assert_allclose(step.action, (smooth(now_s + 0.05) - smooth(now_s)) / FULL,
                                   atol=1e-4)


def test_a_trajectory_of_one_point_for_each_step(tmp_path: Path) -> None:
    """As a streaming controller is sent: the point is due a period later, and so is its way."""
    bag = ForeignBag(tmp_path / 'bag.mcap')
    bag.describe(urdf())
    move(bag, BEGIN_NS, BEGIN_NS, commands=False)
    for number in range(40):
        bag.trajectory(BEGIN_NS + number * 50 * MS + 20 * MS, JOINTS, [0.05],
                       position(number * 0.05 + 0.05)[None])
    bag.close()
    steps = imported(tmp_path / 'bag.mcap')
    assert len(steps) == 40
    check_moving(steps)


def test_trajectories_of_velocities_alone(tmp_path: Path,
                                          capsys: pytest.CaptureFixture[str]) -> None:
    bag = ForeignBag(tmp_path / 'bag.mcap')
    bag.describe(urdf())
    bag.trajectory(BEGIN_NS, JOINTS, [0.0, 3.0], velocity=np.array([SPEEDS, SPEEDS]))
    move(bag, BEGIN_NS, BEGIN_NS, commands=False)
    bag.close()
    assert main(['memory', 'import', '--out', str(tmp_path / 'no.db'),
                 str(tmp_path / 'bag.mcap')]) == 2
    assert ('points have no positions, only velocities; give --interface velocity'
            in capsys.readouterr().err)
    for step in imported(tmp_path / 'bag.mcap', '--interface', 'velocity')[:-1]:
        np.testing.assert_allclose(step.action, SPEEDS / 0.8, atol=1e-5)   # of 1 rad/s


@pytest.mark.parametrize('sign', [1, -1])
def test_a_joint_that_wraps(tmp_path: Path, sign: int) -> None:
    """A driver tells a continuous joint within one turn; neither joint nor command jumps."""
    def wrapped(time_s: float) -> np.ndarray:
        turn = sign * (np.array([2.6, 0.1]) + np.array([0.4, 0.0]) * time_s)
        return np.arctan2(np.sin(turn), np.cos(turn))

    bag = ForeignBag(tmp_path / 'bag.mcap')
    bag.describe(urdf(CONTINUOUS, 'continuous'))
    for number in range(300):
        stamp = BEGIN_NS + number * 10 * MS
        bag.joints(stamp, stamp, JOINTS, wrapped(number * 0.01).tolist(), [])
        if number % 5 == 0:
            bag.command(stamp + MS, wrapped(number * 0.01 + 0.05))
    bag.close()
    steps = imported(tmp_path / 'bag.mcap', '--joints', *JOINTS)
    assert len(steps) == 60
    for step in steps:
        expected = sign * np.array([2.6 + 0.02 * step.index, 0.1])      # beyond pi from 27 on
        np.testing.assert_allclose(step.observation[:2], expected, atol=1e-5)
        np.testing.assert_allclose(step.observation[2:4], [sign * 0.4, 0.0], atol=1e-3)
        if step.action is not None:
            np.testing.assert_allclose(step.action, [sign * 0.02 / FULL, 0.0], atol=1e-4)


def test_a_planned_trajectory_that_wraps(tmp_path: Path) -> None:
    def wrapped(time_s: float) -> np.ndarray:
        turn = np.array([2.6, 0.1]) + np.array([0.4, 0.0]) * time_s
        return np.arctan2(np.sin(turn), np.cos(turn))

    bag = ForeignBag(tmp_path / 'bag.mcap')
    bag.describe(urdf(CONTINUOUS, 'continuous'))
    times = [0.5 * n for n in range(1, 7)]
    bag.trajectory(BEGIN_NS, JOINTS, times, np.array([wrapped(t) for t in times]))
    for number in range(300):
        stamp = BEGIN_NS + number * 10 * MS
        bag.joints(stamp, stamp, JOINTS, wrapped(number * 0.01).tolist(), [])
    bag.close()
    for step in imported(tmp_path / 'bag.mcap')[:-1]:
        np.testing.assert_allclose(step.action, [0.02 / FULL, 0.0], atol=1e-4)


def folder(path: Path, *parts: str) -> Path:
    path.mkdir()
    (path / 'metadata.yaml').write_text(
        'rosbag2_bagfile_information:\n  version: 9\n  storage_identifier: mcap\n'
        f'  compression_mode: ""\n  relative_file_paths: [{", ".join(parts)}]\n')
    return path


def test_parts_that_lack_a_topic(tmp_path: Path) -> None:
    """The first part has the description and the commands, the second joint states alone."""
    source = folder(tmp_path / 'split', 'split_0.mcap', 'split_1.mcap', 'split_2.mcap')
    first, second, third = (ForeignBag(source / f'split_{n}.mcap') for n in range(3))
    first.describe(urdf())
    move(first, BEGIN_NS, BEGIN_NS, 2.0)
    move(second, BEGIN_NS + 2 * SECOND, BEGIN_NS + 2 * SECOND, 0.5, begin_s=2.0, commands=False)
    third.command(BEGIN_NS + 2 * SECOND + 500 * MS, position(2.5))
    for bag in (first, second, third):
        bag.close()
    steps = imported(source, '--joints', *JOINTS)
    assert {s.episode for s in steps} == {0}
    assert len(steps) == 50
    check_moving(steps[:40])


def test_an_arm_and_its_gripper_in_messages_of_their_own(tmp_path: Path) -> None:
    """The newest reading of each joint counts; the gripper's comes with the arm's stamp."""
    bag = ForeignBag(tmp_path / 'bag.mcap')
    bag.describe(urdf())
    for number in range(200):
        stamp, where = BEGIN_NS + number * 10 * MS, position(number * 0.01)
        bag.joints(stamp, stamp, ['a'], [where[0]], [])
        bag.joints(stamp + MS, stamp, ['b'], [where[1]], [])
        bag.joints(stamp + MS, stamp + MS, [], [], [])
        if number % 5 == 0:
            bag.command(stamp + MS, position(number * 0.01 + 0.05))
    bag.close()
    steps = imported(tmp_path / 'bag.mcap', '--joints', *JOINTS)
    assert len(steps) == 40
    check_moving(steps)
    for step in steps:
        np.testing.assert_allclose(step.observation[2:4], SPEEDS, atol=1e-4)


def test_a_folder_without_metadata(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / 'cut short'
    source.mkdir()
    for name in ('bag_0.mcap', 'bag_1.mcap'):
        bag = ForeignBag(source / name)
        bag.describe(urdf())
        move(bag, BEGIN_NS, BEGIN_NS)
        bag.close()
        assert main(['memory', 'import', '--out', str(tmp_path / 'm.db'), '--joints', *JOINTS,
                     str(source)]) == 2
        told = capsys.readouterr().err
        assert 'has no metadata.yaml' in told
        assert (f'import the file itself, {source / name}' if name == 'bag_0.mcap' else
                f"ros2 bag reindex -s mcap '{source}'") in told


def test_a_recording_that_was_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / 'cut.mcap'
    bag = ForeignBag(path, end=False)
    bag.describe(urdf())
    move(bag, BEGIN_NS, BEGIN_NS)
    bag.close()
    for size in (None, 3000):
        path.write_bytes(path.read_bytes()[:size])
        assert main(['memory', 'import', '--out', str(tmp_path / 'm.db'), '--joints', *JOINTS,
                     str(path)]) == 2
        assert f'mcap recover {path} -o recovered.mcap' in capsys.readouterr().err
