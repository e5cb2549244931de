"""Each node tells the telemetry of its class, in bounds, from the first moment on."""

import importlib

import pytest
from domains import new_domain

rclpy = pytest.importorskip('rclpy')
pytest.importorskip('torch')

from abm_ros.common.telemetry import KINDS
from abm_ros.common.telemetry_fields import schema
from abm_ros.ros.telemetry_codec import decode_telemetry


@pytest.fixture(params=sorted(KINDS))
def node(request, tmp_path):
    rclpy.init(args=['--ros-args', '-p', f'directory:={tmp_path}'],
               domain_id=new_domain())
    module = importlib.import_module(f'abm_ros.nodes.{request.param}')
    made = getattr(module, ''.join(part.capitalize() for part in request.param.split('_')))()
    yield made
    made.close()
    made.destroy_node()
    rclpy.try_shutdown()


def test_a_node_tells_what_its_class_declares(node) -> None:
    kind, sent = KINDS[node.part], []
    node.trigger_configure()
    node._signals.publish = sent.append
    node.publish_telemetry()
    told = decode_telemetry(sent[0], kind)
    assert type(node.telemetry()) is kind
    assert (told.refused, told.faults) == (node.refused, 0)
    assert (told.state, told.incarnation) == ('inactive', node.incarnation)
    for item in schema(kind).numbers.values():
        value = getattr(told, item.name)
        assert value != value or item.low <= value <= item.high, item.name
