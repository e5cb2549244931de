"""System M's node in process: what it hears, and what it may never hear."""

import os
import time

import pytest

rclpy = pytest.importorskip('rclpy')

from std_msgs.msg import Float32MultiArray, Float64
from std_srvs.srv import Trigger

from abm_ros.core.signals import SIGNALS
from abm_ros.nodes.system_m import SystemM
from abm_ros.ros import names, qos
from abm_ros.ros.codec import Packet, encode
from abm_ros.ros.ports import PORTS


@pytest.fixture
def node(tmp_path):
    rclpy.init(args=['--ros-args', '-p', f'directory:={tmp_path}'],
               domain_id=100 + (os.getpid() * 13 + 37) % 100)
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
    for name in SIGNALS:
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


def test_telemetry_wakes_nobody_and_is_known_at_the_next_look(node) -> None:
    asleep = {names.signals_topic(part) for part in names.WIRED_NODES}
    assert not {s.topic_name.lstrip('/') for s in node.subscriptions} & asleep
    publisher = node.create_publisher(
        Float32MultiArray, names.signals_topic(names.SYSTEM_B), qos.TELEMETRY)
    deadline_s = time.monotonic() + 20.0
    while not node._listen().alive(names.SYSTEM_B, time.monotonic()):
        assert time.monotonic() < deadline_s
        publisher.publish(encode(Packet(1, {'episodes': [7.0]}, {'state': 'active'})))
        time.sleep(0.02)
    health = node._listen()
    assert health.values(names.SYSTEM_B) == {'episodes': 7.0}
    assert health.state(names.SYSTEM_B) == 'active'
    # Old by the time it was received, not by when somebody looked.
    time.sleep(0.3)
    node._health._timeout_s = 0.2
    assert not node._listen().alive(names.SYSTEM_B, time.monotonic())


def test_signals_are_shown_when_they_change_and_all_of_them_now_and_then(node) -> None:
    shown: list[str] = []
    for name, publisher in node._signal_topics.items():
        publisher.publish = lambda _, name=name: shown.append(name)
    calm = dict.fromkeys(SIGNALS, 0.0)
    node._publish_signals(calm)
    assert shown == list(SIGNALS)
    shown.clear()
    node._publish_signals(calm)
    node._publish_signals({**calm, 'pain': 1.0})
    node._publish_signals({**calm, 'pain': 0.995})      # hardly moved
    assert shown == ['pain']
    for _ in range(10):                                 # a second of ticks
        node._publish_signals({**calm, 'pain': 1.0})
    assert set(shown) == set(SIGNALS)
