"""A signal that a package of somebody else adds, in System M's node and in the reference."""


import pytest
from domains import new_domain

rclpy = pytest.importorskip('rclpy')

from other_package import add_package
from std_msgs.msg import Float64

from abm_ros.cli.reference import reference
from abm_ros.common import names
from abm_ros.common.telemetry import SystemMTelemetry
from abm_ros.nodes.effectors.diagnostics import statuses
from abm_ros.nodes.system_m import SystemM
from abm_ros.ros.telemetry_codec import decode_telemetry

HALF = """
class Half:
    calibration = 'always one half'

    def __init__(self, config):
        pass

    def update(self, telemetry, mode):
        return 0.5
"""
PHI = 'modes: {task: {bias: 0, weights: {half_of_another: 1}}}'


@pytest.fixture
def node(tmp_path, monkeypatch):
    add_package(tmp_path, 'half_package', 'abm_ros.signals', {'half_of_another': 'Half'}, HALF)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / 'phi.yaml').write_text(PHI)
    rclpy.init(args=['--ros-args', '-p', f'directory:={tmp_path}', '-p',
                     f'phi:={tmp_path / "phi.yaml"}'],
               domain_id=new_domain())
    made = SystemM()
    made.trigger_configure()
    yield made
    made.close()
    made.destroy_node()
    rclpy.try_shutdown()


def test_it_is_decided_by_published_and_shown_without_touching_us(node) -> None:
    topics = {publisher.topic_name.lstrip('/'): publisher for publisher in node.publishers}
    topic = topics['system_m/signal/half_of_another']
    assert topic.msg_type is Float64
    shown, told = [], []
    topic.publish = shown.append
    node._signals.publish = told.append
    conductor, health = node._conductor, node._listen()
    conductor._act = lambda *_: None      # there is no graph to wire
    conductor.mode, conductor._begun = 'task', True
    node._shown.publish(conductor.turn(health, 1.0))
    node.publish_telemetry()
    assert [message.data for message in shown] == [0.5]
    assert decode_telemetry(told[0], SystemMTelemetry).signals['half_of_another'] == 0.5
    assert conductor.control.phi.modes['task'].drive(conductor.signals) == 0.5
    own = next(status for status in statuses(health, conductor, 1.0)
               if status.hardware_id == names.SYSTEM_M)
    assert {pair.key: pair.value for pair in own.values}['half_of_another'] == '0.5'
    assert '| `system_m/signal/half_of_another` | always one half |' in reference()
