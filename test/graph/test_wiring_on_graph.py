"""In every mode the endpoints on the graph are exactly those that config/wiring.yaml says."""

import time

import pytest
import yaml

pytest.importorskip('rclpy')
pytest.importorskip('pybullet')

from graph_harness import ROOT, WIRED, running, wait_until

from abm_ros.bringup.graph import GraphOptions, describe

pytestmark = [pytest.mark.graph, pytest.mark.timeout(300)]

# Which ports of a node publish (design, section 3); all others subscribe.
PUBLISHES = {
    'sensory_gate': {'observation', 'spec', 'cue'},
    'system_a': {'latent', 'imagined_latent', 'imagined', 'credits'},
    'system_a_learner': {'credits', 'model'},
    'system_b': {'action'},
    'system_b_learner': {'credits', 'model'},
    'episodic_memory': {'replay', 'seeds'},
    'motor_gate': {'executed'},
}
# The hard-wired lines that the header of config/wiring.yaml names.
HARD_PUBLISHED = {'motor_gate': {'arm_controller/commands'}}
HARD_SUBSCRIBED = {
    'sensory_gate': {'robot_description'},
    'motor_gate': {'robot_description', 'joint_states', 'system_m/heartbeat'},
}
# What rclpy itself makes for every lifecycle node.
RCLPY_PUBLISHED = {'rosout', 'parameter_events', '{node}/transition_event'}
BODY_TOPICS = ('joint_states', 'tool_pose', 'camera/image_raw', 'battery_state', 'task/goal')
ROWS = yaml.safe_load((ROOT / 'config' / 'wiring.yaml').read_text())['modes']
WORKING = ('play', 'task', 'observe', 'imitate', 'rest', 'sleep', 'imagine', 'freeze')


def expected(mode, node):
    row = ROWS[mode]['nodes'][node]
    ports = row.get('ports', {}) if row['state'] == 'active' else {}
    out = {topic for port, topic in ports.items() if port in PUBLISHES[node]}
    into = {topic for port, topic in ports.items() if port not in PUBLISHES[node]}
    published = (out | HARD_PUBLISHED.get(node, set()) | {f'{node}/signals'}
                 | {name.format(node=node) for name in RCLPY_PUBLISHED})
    subscribed = into | HARD_SUBSCRIBED.get(node, set())
    return {f'/{name}' for name in published}, {f'/{name}' for name in subscribed}


@pytest.fixture(scope='module')
def graph(tmp_path_factory):
    folder = tmp_path_factory.mktemp('wiring')
    options = GraphOptions(body='bullet:reach', directory=str(folder), seed=1, pin_mode='rest')
    with running(describe(options), folder) as (_, observer):
        observer.wait_mode('rest')
        yield observer


def endpoints_differ(observer, mode):
    """Return how the graph differs from the row of a mode, '' where it does not."""
    found = []
    for node in WIRED:
        for what, seen, wanted in zip(('publishes', 'subscribes to'), observer.topics_of(node),
                                      expected(mode, node), strict=True):
            if seen != wanted:
                found.append(f'{node} {what} {sorted(seen - wanted)} too many, '
                             f'{sorted(wanted - seen)} too few')
    return '; '.join(found)


def end_points(observer, topic, kind):
    infos = getattr(observer.node, f'get_{kind}_info_by_topic')(topic)
    return {info.node_name for info in infos} - {'observer'}


@pytest.mark.parametrize('mode', [*WORKING, *reversed(WORKING[:-1])])
def test_the_endpoints_are_those_of_the_row(graph, mode):
    result = graph.pin(mode)
    assert result.successful, result.reason
    graph.wait_mode(mode)
    # What is taken away is known elsewhere a little later.
    wait_until(lambda: not endpoints_differ(graph, mode),
               lambda: f'{mode}: {endpoints_differ(graph, mode)}')
    time.sleep(0.3)
    assert endpoints_differ(graph, mode) == ''
    for node in WIRED:
        wanted = ROWS[mode]['nodes'][node]['state']
        assert graph.state(node) == wanted, node
    acts = ROWS[mode]['nodes']['system_b'].get('ports', {}).get('action') == 'action'
    assert end_points(graph, 'action', 'publishers') == ({'system_b'} if acts else set())
    assert end_points(graph, 'arm_controller/commands', 'publishers') == {'motor_gate'}
    if mode == 'sleep':
        listeners = {topic: end_points(graph, topic, 'subscriptions') for topic in BODY_TOPICS}
        assert listeners == {topic: {'motor_gate'} if topic == 'joint_states' else set()
                             for topic in BODY_TOPICS}


def test_motors_shut_means_that_the_command_stands_still(graph):
    assert graph.pin('freeze').successful
    graph.wait_mode('freeze')
    wait_until(lambda: graph.telemetry['motor_gate']['open'] == 0.0, 'a shut gate')
    time.sleep(0.3)
    start = len(graph.commands)
    wait_until(lambda: len(graph.commands) >= start + 20, 'a hold that is published')
    held = [command for _, command in graph.commands[start:]]
    assert all((command == held[0]).all() for command in held)


@pytest.mark.parametrize(('mode', 'says'), [
    ('dance', 'unknown'), ('Sleep', 'unknown')])
def test_modes_that_cannot_be_are_refused_by_name(graph, mode, says):
    before = graph.mode
    result = graph.pin(mode)
    assert not result.successful
    assert mode in result.reason
    assert says in result.reason
    graph.fresh('system_m', 5)
    assert graph.mode == before


def test_an_operator_may_hold_pin_veto_and_release(graph):
    from std_srvs.srv import Trigger
    assert graph.pin('task').successful
    graph.wait_mode('task')
    wait_until(lambda: graph.value('motor_gate', 'open') == 1.0, 'an open gate')
    assert graph.call(Trigger, 'system_m/hold', Trigger.Request()).success
    graph.wait_mode('freeze')
    wait_until(lambda: graph.value('motor_gate', 'open') == 0.0, 'a shut gate')
    assert graph.call(Trigger, 'system_m/release', Trigger.Request()).success
    graph.wait_mode('task')
    assert graph.set_parameters('system_m', {'pin_mode': '', 'veto_modes': ['task']})[
        0].successful
    wait_until(lambda: graph.mode != 'task', 'a vetoed mode to end')


def test_vetoing_all_modes_freezes(graph):
    """Invariant 4: no allowed mode is left, so nothing may move."""
    assert graph.pin('').successful
    vetoes = [mode for mode in WORKING if mode != 'freeze']
    assert graph.set_parameters('system_m', {'veto_modes': vetoes})[0].successful
    try:
        graph.wait_mode('freeze')
    finally:
        graph.set_parameters('system_m', {'veto_modes': ['']})


def test_every_signal_has_its_topic(graph):
    names = {name for name, _ in graph.node.get_topic_names_and_types()}
    for signal in ('prediction_error', 'uncertainty', 'learning_gain', 'competence', 'energy',
                   'stress', 'pain', 'sleep_pressure'):
        assert f'/system_m/signal/{signal}' in names
