"""Two processes of one node in one namespace: the younger one ends, whoever is heard first."""

import os
import time

import pytest

rclpy = pytest.importorskip('rclpy')

from std_msgs.msg import Float32MultiArray

from abm_ros.common import names
from abm_ros.common.errors import GraphError
from abm_ros.common.telemetry import SystemATelemetry
from abm_ros.ros import qos, twin_watch
from abm_ros.ros.telemetry_codec import TelemetryWriter
from abm_ros.ros.twin_watch import TwinWatch

OLD, OURS, YOUNG = '1a', '2b', '3c'


class Twin:
    """Another process of system_a, or a bag that is played, in a context of its own."""

    def __init__(self, name: str, namespace: str) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=DOMAIN)
        self.node = rclpy.create_node(name, namespace=namespace, context=self.context)
        self.topic = self.node.create_publisher(
            Float32MultiArray, names.signals_topic('system_a'), qos.TELEMETRY)

    def tell(self, incarnation: str) -> None:
        self.topic.publish(TelemetryWriter().write(1, SystemATelemetry(incarnation=incarnation)))

    def close(self) -> None:
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)


DOMAIN = 100 + (os.getpid() * 17 + 29) % 100


@pytest.fixture(params=[('system_a', '')])
def twin(request):
    rclpy.init(domain_id=DOMAIN)
    made = Twin(*request.param)
    yield made
    made.close()
    rclpy.try_shutdown()


def matched(twin: Twin) -> TwinWatch:
    watch = TwinWatch('system_a')
    deadline_s = time.monotonic() + 20.0
    while not (twin.topic.get_subscription_count() and watch._is_a_node(besides=False)):
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    return watch


def heard(twin: Twin, watch: TwinWatch, told: str, ours: str) -> str:
    """Return why we must end, '' if we need not."""
    try:
        for _ in range(10):
            twin.tell(told)
            time.sleep(0.03)
            watch.check(ours)
    except GraphError as error:
        return str(error)
    finally:
        watch.close()
    return ''


@pytest.mark.parametrize(('told', 'ours', 'ends'), [
    (OLD, OURS, True), (YOUNG, OURS, False), (OURS, OURS, False), (YOUNG, '', True)])
def test_the_older_process_stays(twin, told, ours, ends) -> None:
    node = rclpy.create_node('system_a')
    if ours:    # it is made by now
        node.create_publisher(Float32MultiArray, names.signals_topic('system_a'), qos.TELEMETRY)
    watch = matched(twin)
    if ours:
        while not watch._is_a_node(besides=True):
            time.sleep(0.02)
    why = heard(twin, watch, told, ours)
    node.destroy_node()
    assert bool(why) is ends
    assert not ends or why.startswith("another system_a runs in namespace '/': ")


def test_a_twin_that_runs_already_is_heard_before_we_are_made(twin, monkeypatch) -> None:
    monkeypatch.setattr(twin_watch, 'LISTEN_S', 20.0)
    watch = matched(twin)
    timer_s = time.monotonic()
    twin.tell(OLD)
    with pytest.raises(GraphError, match='another system_a'):
        watch.wait()
    assert time.monotonic() - timer_s < 20.0
    watch.close()


@pytest.mark.parametrize('twin', [('bag_player', '')], indirect=True)
def test_a_bag_that_is_played_is_no_twin(twin) -> None:
    watch = TwinWatch('system_a')
    deadline_s = time.monotonic() + 20.0
    while not twin.topic.get_subscription_count():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    assert heard(twin, watch, OLD, '') == ''


@pytest.mark.parametrize('twin', [('system_a', 'elsewhere')], indirect=True)
def test_a_node_in_another_namespace_is_no_twin(twin) -> None:
    watch = TwinWatch('system_a')
    assert heard(twin, watch, OLD, '') == ''


def test_garbage_is_no_twin(twin) -> None:
    watch = matched(twin)
    twin.topic.publish(Float32MultiArray(data=[1.0]))
    assert heard(twin, watch, '', '') == ''
