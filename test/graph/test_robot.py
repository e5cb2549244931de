"""The graph without a body drives a robot that it knows nothing of but its description."""

import json
import re
import sqlite3
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('rclpy')

from geometry_msgs.msg import PoseStamped
from graph_harness import (
    LATCHED,
    URDF,
    WIRED,
    end,
    running,
    start_script,
    wait_until,
)

from abm_ros.bringup.graph import GraphOptions, describe
from abm_ros.memory.record.store import Store

pytestmark = [pytest.mark.graph, pytest.mark.timeout(300)]
ROBOT = Path(__file__).with_name('robot_process.py')


class Robot:
    """The robot's process and what it says of itself."""

    def __init__(self, observer, interface, folder, urdf=URDF, habit='plain'):
        self.interface, self.observer, self.folder = interface, observer, folder
        self.goals = observer.node.create_publisher(PoseStamped, 'task/goal', LATCHED)
        self.file = folder / f'robot_{interface}.jsonl'
        with self.file.open('w') as output:
            self.process = start_script(observer.domain, str(ROBOT), str(urdf), interface, habit,
                                        stdout=output)

    def send_goal(self, x, y, z, stamped=True):
        message = PoseStamped()
        point = message.pose.position
        point.x, point.y, point.z = x, y, z
        if stamped:
            message.header.stamp = self.observer.node.get_clock().now().to_msg()
        self.goals.publish(message)

    def report(self):
        lines = self.file.read_text().splitlines()
        return json.loads(lines[-1]) if lines else {}

    def close(self):
        end(self.process)


@pytest.fixture(scope='module', params=['position', 'velocity', 'trajectory'])
def robot(request, tmp_path_factory):
    interface = request.param
    folder = tmp_path_factory.mktemp(interface)
    options = GraphOptions(body='', directory=str(folder), seed=3, pin_mode='task',
                           command_interface=interface)
    with running(describe(options), folder) as (_, observer):
        robot = Robot(observer, interface, folder)
        try:
            observer.wait_mode('task')
            # Out of reach: an arm with no goal, or at its goal, may rest; this one never may.
            robot.send_goal(3.0, 0.0, 0.4)
            yield robot
        finally:
            robot.close()


def test_it_moves_the_arm_within_its_limits(robot):
    observer = robot.observer
    wait_until(lambda: observer.value('motor_gate', 'commands') > 100,
               lambda: f'commands; {observer.telemetry.get("motor_gate")}, {robot.report()}')
    wait_until(lambda: robot.report().get('travelled', 0.0) > 1.0, 'an arm that moves')
    report = robot.report()
    assert report['violations'] == 0, report['findings']
    assert report['commands'] > 50
    assert {observer.states[node] for node in WIRED} == {'active'}


def test_it_holds_when_it_must(robot):
    observer = robot.observer
    assert observer.pin('sleep').successful
    observer.wait_mode('sleep')
    wait_until(lambda: observer.value('motor_gate', 'open') == 0.0, 'a shut gate')
    time.sleep(1.5)
    before = robot.report()
    time.sleep(2.5)
    after = robot.report()
    np.testing.assert_allclose(after['position'], before['position'], atol=1e-9)
    assert after['commands'] > before['commands'], 'hold is published, not silence'
    assert after['violations'] == 0, after['findings']
    assert observer.pin('task').successful
    observer.wait_mode('task')


def test_it_remembers_what_it_did(robot):
    if robot.interface != 'position':
        pytest.skip('one interface is enough')
    with sqlite3.connect(f'file:{robot.folder}/memory.db?mode=ro', uri=True) as db:
        spec = json.loads(db.execute(
            "SELECT value FROM meta WHERE key = 'observation_spec'").fetchone()[0])
    rows = [step for step in recorded(robot.folder) if step.action is not None]
    assert len(rows) > 20
    names = [(f['name'], f['size']) for f in spec['fields']]
    assert names == [('joint_position', 7), ('joint_velocity', 7), ('tool_position', 3)]
    # About 20 observations a second of a robot that shows 100.
    periods = np.diff([row.stamp_ns for row in rows]) * 1e-9
    assert 0.034 < np.median(periods) < 0.1
    observations = np.array([row.observation for row in rows])
    for row in observations[:: max(1, len(observations) // 10)]:
        np.testing.assert_allclose(row[14:17], tool_of(row[:7]), atol=1e-4)
    # Velocities are estimated: they integrate to the path.
    stamps = np.array([row.stamp_ns for row in rows]) * 1e-9
    steps = np.diff(stamps)
    contiguous = steps < 0.2
    moved = np.diff(observations[:, :7], axis=0)[contiguous]
    guess = (observations[1:, 7:14] * steps[:, None])[contiguous]
    assert np.corrcoef(moved.ravel(), guess.ravel())[0, 1] > 0.9


def tool_of(q):
    """The tool of abm_arm by rotation matrices written down from its URDF's origins and axes."""
    def turn(axis, angle):
        c, s = np.cos(angle), np.sin(angle)
        return (np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) if axis == 'z'
                else np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]))
    point, rotation = np.zeros(3), np.eye(3)
    for height, axis, angle in zip((0.1, 0.2, 0.16, 0.16, 0.15, 0.15, 0.06), 'zyzyzyz', q,
                                   strict=True):
        point = point + rotation @ [0, 0, height]
        rotation = rotation @ turn(axis, angle)
    return point + rotation @ [0, 0, 0.12]


def test_it_takes_goals_from_outside(robot):
    if robot.interface != 'position':
        pytest.skip('one interface is enough')
    robot.send_goal(0.4, 0.1, 0.4)

    wait_until(lambda: np.allclose(recorded(robot.folder)[-1].goal, [0.4, 0.1, 0.4], atol=1e-6),
               'the goal in the record')


def turning(folder):
    """Our arm, whose first and last joint turn for ever."""
    text = URDF.read_text()
    for joint in ('joint_1', 'joint_7'):
        text = text.replace(f'name="{joint}" type="revolute"', f'name="{joint}" type="continuous"')
    text = re.sub(r'lower="-(1.2|2.9)" upper="\1" ', '', text)
    path = folder / 'turning.urdf'
    path.write_text(text)
    return path


@pytest.mark.parametrize('habit', ['plain', 'parts', 'unstamped', 'laps', 'turning'])
def test_robots_as_drivers_have_them_are_moved_as_any_other(habit, tmp_path):
    options = GraphOptions(body='', directory=str(tmp_path), seed=3, pin_mode='task',
                           command_interface='position')
    urdf = turning(tmp_path) if habit == 'turning' else URDF
    with running(describe(options), tmp_path) as (_, observer):
        robot = Robot(observer, 'position', tmp_path, urdf, habit)
        try:
            observer.wait_mode('task')
            robot.send_goal(3.0, 0.0, 0.4, stamped=habit != 'unstamped')
            wait_until(lambda: observer.value('motor_gate', 'commands') > 50,
                       lambda: f'commands; {observer.telemetry}, {robot.report()}')
            looks = [observer.value('motor_gate', 'open') for _ in range(70)
                     if not time.sleep(0.1)]
            if habit == 'laps':      # what is committed to the record lags what was lived
                wait_until(lambda: turned_back(tmp_path) >= 2, 'two laps in the record', 30.0)
            report = robot.report()
        finally:
            robot.close()
    # 0.28 to 0.51 when the newest message alone was read; a stalled machine shuts the gate too.
    assert np.mean(looks) >= 0.7, f'open for {np.mean(looks)} of the time'
    assert report['violations'] == 0, report['findings']
    assert report['travelled'] > 1.0
    check_record(tmp_path, habit, report)


def recorded(folder):
    with Store.read(folder / 'memory.db') as reader:
        return list(reader.steps())


def turned_back(folder):
    """How often the clock went back from one step to the next."""
    return (np.diff([step.stamp_ns for step in recorded(folder)]) < 0).sum()


def check_record(folder, habit, report):
    steps = recorded(folder)
    acted = np.array([step.action is not None for step in steps])
    assert acted.mean() > 0.85
    stamps = np.array([step.stamp_ns for step in steps]) * 1e-9
    same = np.diff([step.episode for step in steps]) == 0
    assert np.median(np.diff(stamps)[same]) == pytest.approx(0.05, abs=0.01)
    assert (np.diff(stamps)[same] > 0).all(), 'an episode runs forward in time'
    back = turned_back(folder)
    assert back >= 2 if habit == 'laps' else back == 0
    observed = np.array([step.observation for step in steps])
    # Within an episode all is continuous: 4 rad/s is the most of any joint.
    assert np.abs(observed[:, 7:14]).max() < 6.0
    moved = np.diff(observed[:, :7], axis=0)[same]
    assert np.abs(moved).max() < 1.0
    if habit != 'turning':
        return
    assert report['crossed'] >= 1
    # What was executed is what happened: the joints went the way that they were sent.
    sent = np.array([np.zeros(7) if s.action is None else s.action for s in steps])[:-1][same]
    for joint in (0, 6):
        firm = np.abs(sent[:, joint]) > 0.3
        assert (np.sign(moved[firm, joint]) == np.sign(sent[firm, joint])).mean() > 0.8
