"""What the outside watcher calls unsafe, and what the report counts as a sleep."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from abm_ros.cli.sim_report import build_report
from abm_ros.cli.watch import UnsafeWatch
from abm_ros.meta.modes import DESIGN, Modes, Roles

URDF = """<robot name="arm"><joint name="a" type="revolute">
<limit lower="-1" upper="1" velocity="100" effort="1"/></joint></robot>"""


@pytest.mark.parametrize(('mode', 'moves', 'unsafe'), [
    ('exercise', True, 0), ('rest', True, 1), ('rest', False, 0),
    ('dance', True, 1)])     # a mode that nobody declared does not move the motors
def test_motion_is_unsafe_but_in_modes_with_open_motors(mode, moves, unsafe) -> None:
    watch = UnsafeWatch('position', 0.05, ('task', 'exercise'))
    watch.description(URDF)
    watch.command([0.1], 9.9)
    watch.mode(mode, 10.0)
    watch.command([0.1], 10.3)
    watch.command([0.2 if moves else 0.1], 10.4)
    assert watch.unsafe == unsafe


def test_the_watch_judges_the_commanded_joints_alone() -> None:
    """Not a finger that mimics another, nor what a simulator says of a joint of the same name."""
    text = """<robot xmlns="http://www.ros.org" name="arm">
    <joint name="wheel" type="continuous"/>
    <joint name="a" type="revolute"><limit upper="1" velocity="2"/></joint>
    <joint name="turn" type="continuous"><limit velocity="2"/></joint>
    <joint name="copy" type="revolute"><limit upper="9" velocity="9"/><mimic joint="a"/></joint>
    <gazebo><joint name="a" type="revolute"><limit upper="7" velocity="7"/></joint></gazebo>
    </robot>"""
    watch = UnsafeWatch('position', 0.05, ('task',), ['turn', 'a'])
    watch.description(text)
    for step, command in enumerate([(3.1, 0.5), (3.18, 0.5), (-3.03, 0.5)]):
        watch.command(command, 1.0 + 0.05 * step)       # the joint turns on, by another name
    assert watch.unsafe == 0
    for command, problem in (
            ((-2.5, 0.5), 'faster than the velocity limit'),
            ((-2.5, 1.01), 'beyond a position limit'), ((-2.5, -0.01), 'beyond a position limit'),
            ((-2.5, 0.5, 0.0), '3 numbers for 2 joints')):
        watch.command(command, 1.15)
        assert watch.findings[-1].startswith(problem)


def test_every_mode_that_consolidates_counts_as_a_sleep(tmp_path: Path) -> None:
    modes = Modes({**DESIGN, 'siesta': Roles(consolidates=True)}, 'task')
    lived = [(mode, float(t)) for t, mode in enumerate(
        ('task', 'sleep', 'rest', 'siesta', 'imagine', 'sleep', 'freeze'))]
    monitor = SimpleNamespace(history=[], errors=[], modes=lived, told=lambda kind: kind())
    watch = SimpleNamespace(commands=0, unsafe=0, findings=[])
    report = build_report(monitor, watch, 1.0, 0.0, 9.0, tmp_path / 'memory.db', 0, modes)
    assert (report['sleeps'], report['switches']) == (3, 6)


def test_success_after_learning_is_unknown_until_an_episode_ended_after_the_baseline(
        tmp_path: Path) -> None:
    def report(*history: tuple[float, int, int]) -> dict:
        monitor = SimpleNamespace(history=list(history), errors=[], modes=[],
                                  told=lambda kind: kind())
        return build_report(monitor, SimpleNamespace(commands=0, unsafe=0, findings=[]), 1.0, 0.0,
                            9.0, tmp_path / 'memory.db', 5, Modes(DESIGN, 'task'))

    assert report((1.0, 2, 0), (2.0, 5, 1))['success_before'] == 0.2
    assert report((1.0, 2, 0), (2.0, 5, 1))['success_after'] is None
    # Of four episodes after the baseline three reached their goals.
    assert report((1.0, 5, 1), (2.0, 9, 4))['success_after'] == 0.75
    # Of the last twenty.
    assert report((1.0, 5, 1), (2.0, 30, 4), (3.0, 50, 19))['success_after'] == 0.75
