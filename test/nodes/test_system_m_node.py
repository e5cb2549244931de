"""System M's node in process: what it hears, and what it may never hear."""

import threading
import time
from dataclasses import replace
from math import isnan

import pytest
from domains import new_domain

rclpy = pytest.importorskip('rclpy')

from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from std_msgs.msg import Float32MultiArray, Float64
from std_srvs.srv import Trigger

from abm_ros.common import names
from abm_ros.common.errors import GraphError, SpecError
from abm_ros.meta.meta_control import operator_overrides
from abm_ros.meta.signals.entry import signal_names
from abm_ros.nodes.system_m import SystemM
from abm_ros.ros import qos
from abm_ros.ros.codec import Packet, encode
from abm_ros.ros.ports import PORTS


@pytest.fixture
def node(tmp_path):
    rclpy.init(args=['--ros-args', '-p', f'directory:={tmp_path}'],
               domain_id=new_domain())
    made = SystemM()
    yield made
    made.destroy_node()
    rclpy.try_shutdown()


def test_it_hears_telemetry_alone_and_none_of_the_data_plane(node) -> None:
    heard = {topic.lstrip('/') for topic, _ in node.get_subscriber_names_and_types_by_node(
        node.get_name(), node.get_namespace())}
    data = {port.topic for ports in PORTS.values() for port in ports}
    telemetry = {names.signals_topic(part) for part in names.WIRED_NODES}
    assert heard >= telemetry
    assert not heard & data
    assert not {topic for topic in heard - telemetry
                if not topic.startswith((f'{names.SYSTEM_M}/', 'parameter_events', 'clock'))}


def test_every_signal_has_a_topic_of_its_own(node) -> None:
    published = {publisher.topic_name.lstrip('/'): publisher.msg_type
                 for publisher in node.publishers}
    for name in signal_names():
        assert published[names.SIGNAL_PREFIX + name] is Float64


def test_a_hold_outlives_every_incarnation_until_it_is_released(node) -> None:
    def restarted() -> SystemM:
        made = SystemM()
        made.trigger_configure()
        return made

    def ends(made: SystemM) -> None:
        made.close()
        made.destroy_node()

    for held in (False, True, True):
        made = restarted()
        assert made._conductor.control.is_held is held
        assert made._on_hold(Trigger.Request(), Trigger.Response()).success
        ends(made)
    made = restarted()
    assert made._on_release(Trigger.Request(), Trigger.Response()).success
    ends(made)
    made = restarted()
    assert not made._conductor.control.is_held
    ends(made)


def asked(node, **values):
    """Set parameters as an operator does; return what each answered."""
    return node.set_parameters([Parameter(key, value=value) for key, value in values.items()])


def configured(made):
    made.trigger_configure()
    assert made._conductor is not None
    return made


def test_pins_and_vetoes_outlive_every_incarnation_until_they_are_changed(node) -> None:
    configured(node)
    assert all(r.successful for r in asked(node, pin_mode='rest', veto_modes=['play', 'sleep']))
    node.close()
    for _ in range(2):
        made = configured(SystemM())
        config = made._conductor.control.config
        assert (config.pin_mode, config.veto_modes) == ('rest', ('play', 'sleep'))
        assert made.get_parameter('pin_mode').value == 'rest'
        assert made._conductor.control.begin(0.0).mode == 'rest'
        made.close()
        made.destroy_node()
    made = configured(SystemM())
    asked(made, pin_mode='', veto_modes=[''])
    made.close()
    made.destroy_node()
    made = configured(SystemM())
    assert operator_overrides(made._conductor.control.config) == {'pin_mode': '', 'veto_modes': []}
    made.close()
    made.destroy_node()


def test_what_is_asked_before_it_is_configured_is_the_newest_word_and_stands(node) -> None:
    configured(node)
    asked(node, pin_mode='rest')
    node.close()
    for ask in ({'pin_mode': 'play'}, {}):
        made = SystemM()
        asked(made, **ask)
        configured(made)
        assert made._conductor.control.config.pin_mode == 'play'
        made.close()
        made.destroy_node()


def test_a_pin_that_the_constraints_forbid_by_now_is_dropped(node, tmp_path) -> None:
    configured(node)
    asked(node, pin_mode='play', veto_modes=['sleep'])
    node.close()
    (tmp_path / 'constraints.yaml').write_text('forbidden_modes: [play]')
    made = SystemM()
    made.config = replace(made.config, constraints=str(tmp_path / 'constraints.yaml'))
    configured(made)
    assert operator_overrides(made._conductor.control.config) == {
        'pin_mode': '', 'veto_modes': ['sleep']}
    made.close()
    made.destroy_node()


@pytest.mark.parametrize(('wish', 'says'), [
    ({'veto_modes': ['play', 'freeze']}, 'freeze cannot be vetoed'),
    ({'veto_modes': ['dance']}, 'dance'), ({'veto_modes': 5}, 'type'),
    ({'veto_modes': 'play'}, 'type'), ({'pin_mode': 'dance'}, 'dance'),
    ({'pin_mode': ['play']}, 'type')])
def test_a_wish_that_cannot_be_is_refused_in_words_and_changes_nothing(node, wish, says) -> None:
    for made in (node, configured(node)):
        result = asked(made, **wish)[0]
        assert not result.successful
        assert says in result.reason
    in_force = node._conductor.control.config
    assert operator_overrides(node.config) == operator_overrides(in_force) == {
        'pin_mode': '', 'veto_modes': []}
    node.close()


def test_a_wish_that_cannot_be_recorded_is_refused_and_the_motors_shut(node) -> None:
    configured(node)
    gate, log = node._conductor.gate, node._conductor._writer._log
    gate.open(gate.close(), held=False)
    log.close()
    result = asked(node, veto_modes=['play'])[0]
    assert not result.successful
    assert 'audit log cannot be written' in result.reason
    assert node.get_parameter('veto_modes').value == ['']
    assert node._conductor.control.config.veto_modes == ()
    assert not gate.is_open
    request = SetParameters.Request(
        parameters=[Parameter('mode', value='rest').to_parameter_msg()])
    assert not node._on_change_mode(request, SetParameters.Response()).results[0].successful


def test_a_turn_that_is_refused_shuts_the_motors_and_is_not_the_end(node) -> None:
    """As when a signal of another package fails: the next turn may go well."""
    conductor = configured(node)._conductor
    conductor.mode = 'task'
    conductor.gate.open(conductor.gate.close(), held=False)
    assert conductor.gate.is_open

    def turn(*_) -> None:
        raise SpecError("signal 'boredom' failed")

    conductor.turn = turn
    assert node._turn(conductor, threading.Event()) is False
    assert not conductor.gate.is_open
    node.close()


def decision_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == 'system_m']


def test_there_is_one_decision_thread_however_often_it_is_activated(node) -> None:
    """Deactivated and activated again while the first bring-up still waits for the nodes."""
    configured(node)
    inside, most = [], []

    def bring_up(*_) -> None:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.2)
        inside.pop()
        raise GraphError('nobody is there')

    node._conductor.bring_up = bring_up
    for _ in range(3):
        node.trigger_activate()
        node.trigger_deactivate()
    node.trigger_activate()
    deadline_s = time.monotonic() + 20.0
    while len(decision_threads()) > 1 or len(most) < 8:
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    assert max(most) == 1
    node.trigger_deactivate()
    node.close()
    assert not decision_threads()


def test_no_heartbeat_that_was_made_before_a_shut_is_sent_after_it(node) -> None:
    configured(node)
    conductor, sent = node._conductor, []
    entered, go_on = threading.Event(), threading.Event()

    def publish(message) -> None:
        if message.frame_id.endswith('/open'):
            entered.set()
            go_on.wait(20.0)
        sent.append(message.frame_id.rsplit('/')[-1])

    node._beats.publish = publish
    conductor.mode, node.active = 'play', True
    conductor.gate.open(conductor.gate.close(), held=False)
    conductor.gate.turned(time.monotonic() + 60.0)
    first = threading.Thread(target=node._beat)
    first.start()
    assert entered.wait(20.0)
    conductor.gate.close()
    second = threading.Thread(target=node._beat)
    second.start()
    second.join(0.2)
    go_on.set()
    first.join(20.0)
    second.join(20.0)
    node.active = False
    assert sent == ['open', 'shut']


def test_telemetry_wakes_nobody_and_is_known_at_the_next_look(node) -> None:
    asleep = {names.signals_topic(part) for part in names.WIRED_NODES}
    assert not {s.topic_name.lstrip('/') for s in node.subscriptions} & asleep
    publisher = node.create_publisher(
        Float32MultiArray, names.signals_topic(names.SYSTEM_B), qos.TELEMETRY)
    deadline_s = time.monotonic() + 20.0
    while not node._listen().alive(names.SYSTEM_B, time.monotonic()):
        assert time.monotonic() < deadline_s
        publisher.publish(encode(Packet(1, {'episodes': [7.0], 'of_a_newer_node': [1.0]},
                                        {'state': 'active'})))
        time.sleep(0.02)
    health = node._listen()
    told = health.telemetry.system_b
    assert (told.episodes, told.state) == (7.0, 'active')
    assert isnan(told.successes)
    # Old by the time it was received, not by when somebody looked.
    time.sleep(0.3)
    node._health._timeout_s = 0.2
    assert not node._listen().alive(names.SYSTEM_B, time.monotonic())


def test_signals_are_shown_when_they_change_and_all_of_them_now_and_then(node) -> None:
    shown: list[str] = []
    for name, publisher in node._shown.topics.items():
        publisher.publish = lambda _, name=name: shown.append(name)
    calm = dict.fromkeys(signal_names(), 0.0)
    node._shown.publish(calm)
    assert shown == list(calm)
    shown.clear()
    node._shown.publish(calm)
    node._shown.publish({**calm, 'pain': 1.0})
    node._shown.publish({**calm, 'pain': 0.995})      # hardly moved
    assert shown == ['pain']
    for _ in range(10):                                 # a second of ticks
        node._shown.publish({**calm, 'pain': 1.0})
    assert set(shown) == set(calm)


@pytest.mark.parametrize('kind', ['BYTE_ARRAY', 'BOOL_ARRAY', 'NOT_SET'])
def test_no_veto_may_be_written_as_any_empty_list(node, kind) -> None:
    """`ros2 param set` cannot know what an empty list is a list of."""
    asked(configured(node), veto_modes=['play'])
    value = None if kind == 'NOT_SET' else []
    [result] = node.set_parameters([Parameter('veto_modes', Parameter.Type[kind], value)])
    assert result.successful, result.reason
    assert node.config.veto_modes == ()
    assert node._conductor.control.config.veto_modes == ()


def test_a_system_m_that_decides_nothing_tells_no_mode(node) -> None:
    def mode():
        response = node._on_get_mode(Trigger.Request(), Trigger.Response())
        return response.success, response.message

    assert mode() == (False, 'no mode is in force: System M is unconfigured')
    configured(node)._conductor.mode = 'task'
    assert mode() == (False, 'no mode is in force: System M is inactive')
    node.active = True
    assert mode() == (True, 'task')
    node._conductor.mode = ''
    assert mode() == (False, 'System M is bringing the graph up')
    node.active = False
