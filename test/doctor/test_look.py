"""What the doctor hears of a graph, from a node that speaks as its parts do."""

import json
import threading

import pytest
from domains import new_domain

rclpy = pytest.importorskip('rclpy')

from std_msgs.msg import Float32MultiArray, String

from abm_ros.common import names
from abm_ros.common.telemetry import MotorGateTelemetry
from abm_ros.doctor.look import take_snapshot
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
        found = take_snapshot(listen_s=0.6)
    finally:
        over.set()
        thread.join()
    assert sorted(found.holders) == sorted(holders)
