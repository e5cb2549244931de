"""What the doctor hears of a graph, from a node that speaks as its parts do."""

import json
import threading
from types import SimpleNamespace

import pytest
from domains import new_domain

rclpy = pytest.importorskip('rclpy')

from std_msgs.msg import Float32MultiArray, String

from abm_ros.common import names
from abm_ros.common.telemetry import MotorGateTelemetry
from abm_ros.doctor.look import misfit, take_snapshot
from abm_ros.ros import qos
from abm_ros.ros.telemetry_codec import TelemetryWriter


@pytest.fixture
def speaker(monkeypatch):
    """Let a node speak in the domain in which the doctor listens."""
    domain = new_domain()
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain))
    rclpy.init(domain_id=domain)
    node = rclpy.create_node('speaker')
    yield node
    node.destroy_node()
    rclpy.try_shutdown()


def test_what_does_not_fit_is_said_in_words() -> None:
    sender = SimpleNamespace(topic_type='a/msg/B', qos_profile=qos.SENSOR)
    hearer = SimpleNamespace(topic_type='a/msg/B', qos_profile=qos.LATCHED)
    assert misfit(hearer, hearer) == ''
    assert misfit(sender, hearer) == ('best effort publisher and reliable subscription, volatile '
                                      'publisher and transient local subscription')
    hearer.topic_type = 'a/msg/C'
    assert misfit(sender, hearer) == 'a/msg/B is sent, a/msg/C expected'


@pytest.mark.parametrize(('gate', 'decision', 'holders'), [
    (1.0, '{"held": true}', [names.MOTOR_GATE, names.SYSTEM_M]),
    (0.0, '{"held": false}', []),
    (0.0, json.dumps({'held': True}), [names.SYSTEM_M]),
    (1.0, 'no JSON', [names.MOTOR_GATE])])
def test_a_hold_is_heard_of_the_gate_and_of_system_m(speaker, gate, decision, holders) -> None:
    told = speaker.create_publisher(
        Float32MultiArray, names.signals_topic(names.MOTOR_GATE), qos.TELEMETRY)
    speaker.create_publisher(String, names.DECISION, qos.LATCHED).publish(String(data=decision))
    message = TelemetryWriter().write(1, MotorGateTelemetry(held=gate))
    over = threading.Event()

    def speak() -> None:
        while not over.wait(0.02):
            told.publish(message)

    thread = threading.Thread(target=speak)
    thread.start()
    try:
        for listen_s in (0.6, 2.0, 4.0):     # a busy computer discovers later
            found = take_snapshot(listen_s=listen_s)
            if len(found.holders) == len(holders):
                break
    finally:
        over.set()
        thread.join()
    assert sorted(found.holders) == sorted(holders)
