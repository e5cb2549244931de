"""The operator's hold: over System M, over its death and its next incarnation."""

import itertools
import json
import os
import time
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('rclpy')
pytest.importorskip('pybullet')

from graph_harness import WIRED, end, running, start_script, wait_until
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from abm_ros.bringup.graph import GraphOptions, describe
from abm_ros.meta.audit.log import records
from abm_ros.meta.audit.trail import check

pytestmark = [pytest.mark.graph, pytest.mark.timeout(300)]


@pytest.fixture(scope='module')
def graph(tmp_path_factory):
    folder = tmp_path_factory.mktemp('operator')
    options = GraphOptions(body='bullet:reach', directory=str(folder), seed=4, pin_mode='task')
    specs = [replace(spec, respawn=True) for spec in describe(options)]
    with running(specs, folder) as (processes, observer):
        observer.wait_mode('task')
        observer.processes, observer.folder = processes, folder
        yield observer


def opens(graph) -> None:
    wait_until(lambda: graph.mode == 'task' and graph.value('motor_gate', 'open') == 1.0,
               lambda: f'an open gate in task; modes so far {graph.modes[-5:]}')


def ask(graph, service: str) -> None:
    assert graph.call(Trigger, service, Trigger.Request()).success


def last_motion_s(graph) -> float:
    """Return when a command last differed from the one before it."""
    commands = list(graph.commands)
    return max(at for (_, before), (at, after) in itertools.pairwise(commands)
               if (before != after).any())


def stays_still(graph, seconds: float) -> None:
    start = len(graph.commands)
    end_s = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > end_s and len(graph.commands) > start + 3,
               'a hold that is published')
    held = np.array([command for _, command in graph.commands[start:]])
    assert (held == held[0]).all()


def test_the_window_shows_the_graph_and_its_buttons_take_effect(graph) -> None:
    os.environ.setdefault('QT_QPA_PLATFORM', 'offscreen')
    try:
        from PySide6 import QtWidgets
    except ImportError as error:
        pytest.skip(f"no Qt ({error}): pip install 'abm_ros[dashboard]', apt install libegl1")
    from abm_ros.rqt.window import SystemMWindow, sources
    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    opens(graph)
    window = SystemMWindow(sources(''))

    def shows(mode: str, *, acting: bool) -> bool:
        window.refresh()
        lit = window.wiring.wiring.pathways.lit
        return (window.mode.pill.text() == mode
                and (('system_b', 'motor_gate') in lit) == acting
                and ('body', 'sensory_gate') in lit
                and ('motors open' in window.mode.state.text()) == acting)

    try:
        wait_until(lambda: shows('task', acting=True), 'the window to show task')
        assert {row.name for row in window.signals.rows} <= set(graph.telemetry['system_m'])
        assert 'pinned to task' in window.mode.state.text()
        window.operator.hold.click()
        wait_until(lambda: graph.mode == 'freeze' and graph.value('motor_gate', 'held') == 1.0,
                   'the hold to be in force')
        wait_until(lambda: shows('freeze', acting=False), 'the window to show freeze')
        assert 'action hold' in window.audit.toPlainText()
        window.operator.release.click()
        window.operator.confirm.click()
        opens(graph)
        wait_until(lambda: shows('task', acting=True), 'the window to show task again')
    finally:
        window.close_sources()
        application.processEvents()


def test_the_doctor_finds_a_sound_graph_sound(graph) -> None:
    from abm_ros.doctor.checks import examine
    from abm_ros.doctor.look import take_snapshot
    opens(graph)
    snapshot = take_snapshot()
    assert {*WIRED, 'system_m', 'bullet_arm'} <= set(snapshot.nodes)
    assert snapshot.topics['arm_controller/commands'].publishers[0].node == 'motor_gate'
    assert snapshot.gate['control_period_s'] == 0.05
    assert snapshot.domain == graph.domain
    # A young graph may have no model yet, and a loaded machine may be late.
    assert {finding.check for finding in examine(snapshot)} <= {'models', 'rate'}


@pytest.mark.parametrize('who', ['motor_gate', 'system_m'])
def test_a_hold_stops_the_arm_and_a_release_lets_it_go_on(graph, who) -> None:
    opens(graph)
    ask(graph, f'{who}/hold')
    answered_s = time.monotonic()
    wait_until(lambda: graph.mode == 'freeze', 'freeze')
    wait_until(lambda: graph.value('motor_gate', 'held') == 1.0, 'the gate to know')
    stays_still(graph, 0.5)
    # One control period, and room for a loaded machine.
    assert last_motion_s(graph) < answered_s + 0.05 + 0.5
    ask(graph, f'{who}/release')
    opens(graph)


def test_the_hold_outlives_system_m_and_its_next_incarnation(graph) -> None:
    opens(graph)
    dead = graph.processes.kill('system_m')
    ask(graph, 'motor_gate/hold')     # nobody else is there to be asked
    stays_still(graph, 0.3)
    wait_until(lambda: graph.processes.pid('system_m') not in (None, dead), 'System M back')
    seen = len(graph.modes)
    wait_until(lambda: 'freeze' in graph.modes[seen:] or graph.mode == 'freeze', 'freeze')
    stays_still(graph, 1.5)
    assert graph.value('motor_gate', 'open') == 0.0
    ask(graph, 'motor_gate/release')
    opens(graph)


def test_the_hold_outlives_the_motor_gate(graph) -> None:
    opens(graph)
    ask(graph, 'motor_gate/hold')
    wait_until(lambda: graph.mode == 'freeze', 'freeze')
    dead = graph.processes.kill('motor_gate')
    wait_until(lambda: graph.processes.pid('motor_gate') not in (None, dead), 'the gate back')
    graph.fresh('motor_gate')
    wait_until(lambda: graph.states.get('motor_gate') == 'inactive', 'the gate mended')
    wait_until(lambda: graph.commands[-1][0] > time.monotonic() - 0.3, 'a hold again')
    stays_still(graph, 1.0)
    assert graph.mode == 'freeze'
    ask(graph, 'system_m/release')
    opens(graph)


def test_the_hold_outlives_both_at_once(graph) -> None:
    """Nobody who was told is left; the audit log remembers."""
    opens(graph)
    ask(graph, 'motor_gate/hold')
    wait_until(lambda: graph.mode == 'freeze', 'freeze')
    dead = [graph.processes.kill(name) for name in ('motor_gate', 'system_m')]
    for name, pid in zip(('motor_gate', 'system_m'), dead, strict=True):
        wait_until(lambda name=name, pid=pid: graph.processes.pid(name) not in (None, pid),
                   f'{name} back')
        graph.fresh(name)
    wait_until(lambda: graph.states.get('system_m') == 'active', 'System M deciding')
    stays_still(graph, 3.0)
    assert graph.value('motor_gate', 'open') == 0.0
    assert graph.mode == 'freeze'
    ask(graph, 'system_m/release')
    opens(graph)


def test_the_command_line_intervenes(graph, tmp_path) -> None:
    def abm(*words: str) -> tuple[int, str]:
        out = tmp_path / 'out'
        with open(out, 'w') as file:
            process = start_script(graph.processes.domain, '-m', 'abm_ros.cli.main', 'intervene',
                                   '--timeout', '15', *words, stdout=file)
            code = process.wait(40.0)
        end(process)
        return code, out.read_text()

    def takes_effect(*words: str) -> str:
        code, text = abm(*words)
        assert code == 0, text
        return text

    opens(graph)
    code, text = abm('pin', 'dance')
    assert code == 1
    assert "pin_mode: unknown mode 'dance', expected some of play, task" in text
    takes_effect('hold')
    wait_until(lambda: graph.mode == 'freeze', 'freeze')
    assert 'shut, held by the operator' in takes_effect('status')
    takes_effect('release')
    opens(graph)
    takes_effect('veto', 'task', 'rest')
    wait_until(lambda: graph.mode != 'task', 'task to end')
    assert graph.set_parameters('system_m', {'veto_modes': ['']})[0].successful
    takes_effect('pin', 'task')
    opens(graph)


def test_modes_are_asked_for_and_changed_within_the_constraints(graph) -> None:
    opens(graph)
    assert graph.call(Trigger, 'system_m/get_mode', Trigger.Request()).message == 'task'
    available = json.loads(
        graph.call(Trigger, 'system_m/get_available_modes', Trigger.Request()).message)
    assert {mode for mode, why in available.items() if not why} >= {'play', 'task', 'freeze'}

    def change(mode):
        request = SetParameters.Request(
            parameters=[Parameter('mode', value=mode).to_parameter_msg()])
        return graph.call(SetParameters, 'system_m/change_mode', request).results[0]

    assert change('rest').successful
    graph.wait_mode('rest')
    assert not change('dance').successful
    assert change('task').successful
    opens(graph)


def test_a_strangers_heartbeat_shuts_the_gate_until_system_m_has_noticed(graph) -> None:
    opens(graph)
    seen = len(graph.modes)
    heart = graph.node.create_publisher(Header, 'system_m/heartbeat', 5)
    wait_until(lambda: heart.get_subscription_count() > 0, 'the gate to hear the stranger')
    heart.publish(Header(frame_id='stranger/task/open'))
    wait_until(lambda: graph.value('motor_gate', 'tripped') == 1.0, 'a gate that trips')
    stays_still(graph, 0.3)
    wait_until(lambda: graph.value('motor_gate', 'tripped') == 0.0, 'System M to arm it again')
    opens(graph)
    graph.node.destroy_publisher(heart)
    assert set(graph.modes[seen:]) <= {'task'}, 'nothing else was wrong'
    shut = [r['body']['reason'] for r in records(graph.folder / 'audit.jsonl')
            if r['kind'] == 'gate_shut']
    assert len(shut) == 1
    assert 'to stranger' in shut[0]


def test_pins_and_vetoes_outlive_system_m(graph) -> None:
    """It comes back with its first settings, which pinned task and vetoed nothing."""
    assert graph.pin('').successful
    assert graph.set_parameters('system_m', {'veto_modes': ['task', 'play']})[0].successful
    wait_until(lambda: graph.mode not in ('task', 'play'), 'both modes to end')
    dead = graph.processes.kill('system_m')
    wait_until(lambda: graph.processes.pid('system_m') not in (None, dead), 'System M back')
    seen = len(graph.modes)
    graph.fresh('system_m')
    wait_until(lambda: graph.states.get('system_m') == 'active', 'System M deciding')
    stays_still(graph, 1.0)
    assert not {'task', 'play'} & set(graph.modes[seen:])
    assert graph.set_parameters('system_m', {'veto_modes': ['']})[0].successful
    assert graph.pin('task').successful
    opens(graph)


def test_system_m_hears_telemetry_alone(graph) -> None:
    """The control plane never touches the data."""
    _, hears = graph.topics_of('system_m')
    heard = {name.lstrip('/') for name in hears}
    ours = {name for name in heard if not name.startswith(('rosout', 'parameter_events', 'clock'))}
    assert ours == {f'{node}/signals' for node in WIRED}


def test_all_that_is_on_the_record_and_recomputes(graph) -> None:
    """The last test of this graph: its log holds several starts, and every decision is phi's."""
    verdict = check(graph.folder / 'audit.jsonl')
    assert verdict.decisions > 5
    assert verdict.older == 0
