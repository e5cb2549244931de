"""Another hand on the running graph: a robot that is not there, nodes that somebody changes."""

import signal
import time
from pathlib import Path

import pytest

pytest.importorskip('rclpy')

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from graph_harness import URDF, Processes, end, running, start_script, wait_until
from lifecycle_msgs.msg import Transition
from std_msgs.msg import String
from std_srvs.srv import Trigger

from abm_ros.bringup.graph import GraphOptions, describe
from abm_ros.meta.audit.log import records

pytestmark = [pytest.mark.graph, pytest.mark.timeout(300)]
ROBOT = Path(__file__).with_name('robot_process.py')


class Scene:
    """The graph without a body of ours, what it says of itself, and a robot when asked for."""

    def __init__(self, processes, observer, folder) -> None:
        self.processes, self.observer, self.folder = processes, observer, folder
        self.told: dict[str, tuple[int, str]] = {}
        observer.node.create_subscription(DiagnosticArray, 'diagnostics', self._on_told, 10)
        self.robot = None

    def _on_told(self, message) -> None:
        self.told = {status.hardware_id: (status.level, status.message)
                     for status in message.status}

    def system_m(self) -> tuple[int, str]:
        return self.told.get('system_m', (DiagnosticStatus.OK, ''))

    def start_robot(self) -> None:
        self.robot = start_script(self.observer.domain, str(ROBOT), str(URDF), 'position',
                                  stdout=(self.folder / 'robot.jsonl').open('w'))

    def settle(self) -> None:
        self.observer.wait_mode('task')
        wait_until(lambda: self.observer.value('motor_gate', 'open') == 1.0, 'motors that move')

    def kinds(self) -> list[str]:
        return [record['kind'] for record in records(self.folder / 'audit.jsonl')]


@pytest.fixture(scope='module')
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp('hands')
    specs = describe(GraphOptions(body='', directory=str(folder), seed=3, pin_mode='task'))
    with running(specs, folder) as (processes, observer):
        made = Scene(processes, observer, folder)
        try:
            yield made
        finally:
            if made.robot is not None:
                end(made.robot)


def test_without_a_robot_it_waits_and_says_what_for(scene) -> None:
    wait_until(lambda: scene.system_m()[0] == DiagnosticStatus.ERROR,
               lambda: f'an error; {scene.told}')
    text = scene.system_m()[1]
    assert 'no body' in text
    for topic in ('/joint_states', '/robot_description'):
        assert f'{topic} (nobody publishes it; asked for: ' in text
    assert scene.observer.modes == ['freeze']
    volatile = scene.observer.node.create_publisher(String, 'robot_description', 10)
    wait_until(lambda: 'observer offers std_msgs/msg/String, reliable, volatile; asked for: '
               'std_msgs/msg/String, reliable, transient_local' in scene.system_m()[1],
               lambda: f'the QoS; {scene.told}')
    scene.observer.node.destroy_publisher(volatile)
    scene.start_robot()
    scene.settle()
    assert scene.observer.modes == ['freeze', 'task']


@pytest.mark.parametrize(('node', 'transition'), [
    ('system_b', Transition.TRANSITION_DEACTIVATE),
    ('system_a', Transition.TRANSITION_ACTIVE_SHUTDOWN)])
def test_a_node_that_somebody_stops_is_told_and_put_right(scene, node, transition) -> None:
    scene.settle()
    assert scene.observer.change(node, transition)
    wait_until(lambda: node in scene.system_m()[1], lambda: f'{node}; {scene.told}')
    wait_until(lambda: scene.observer.states[node] == 'active', f'{node} at work again')
    scene.settle()
    asked = [line for line in scene.processes.lines if f'{node} is' in line
             and line.startswith('[system_m]')]
    assert 1 <= len(asked) <= 4, asked


def test_a_gate_that_somebody_shuts_stays_shut_until_it_is_released(scene) -> None:
    scene.settle()
    assert scene.observer.change('motor_gate', Transition.TRANSITION_DEACTIVATE)
    scene.observer.wait_mode('freeze')
    time.sleep(3.0)
    assert scene.observer.mode == 'freeze'
    assert scene.observer.states['motor_gate'] == 'inactive'
    assert scene.kinds()[-2:] == ['intervention', 'mode']
    assert scene.observer.call(Trigger, 'system_m/release', Trigger.Request()).success
    scene.settle()


def test_a_second_graph_in_the_namespace_says_so_and_ends(scene, tmp_path) -> None:
    scene.settle()
    modes, degraded = len(scene.observer.modes), scene.kinds().count('degrade')
    specs = describe(GraphOptions(body='', directory=str(tmp_path), seed=3))
    second = Processes(specs, scene.observer.domain, tmp_path / 'log')
    try:
        wait_until(second.refusal, lambda: '\n'.join(second.lines[-20:]))
        assert "runs in namespace '/'" in second.refusal()
        time.sleep(3.0)
        assert not any('restarting' in line for line in second.lines)
    finally:
        second.stop()
    assert scene.observer.modes[modes:] == []
    assert scene.kinds().count('degrade') == degraded
    before = scene.observer.value('motor_gate', 'commands')
    wait_until(lambda: scene.observer.value('motor_gate', 'commands') > before + 20, 'commands')


def test_a_robot_that_dies_is_told_and_waited_for(scene) -> None:
    scene.settle()
    end(scene.robot, signal.SIGKILL)
    wait_until(lambda: scene.system_m()[0] == DiagnosticStatus.ERROR,
               lambda: f'an error; {scene.told}')
    assert 'no body: nothing usable on /joint_states' in scene.system_m()[1]
    scene.observer.wait_mode('freeze')
    scene.start_robot()
    scene.settle()
