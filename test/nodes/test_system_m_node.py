"""System M's node in process: what it hears, and what it may never hear."""

import os

import pytest

rclpy = pytest.importorskip('rclpy')

from std_msgs.msg import Float64
from std_srvs.srv import Trigger

from abm_ros.core.signals import SIGNALS
from abm_ros.nodes.system_m import SystemM
from abm_ros.ros import names
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
    heard = {subscription.topic_name.lstrip('/') for subscription in node.subscriptions}
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
