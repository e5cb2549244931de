"""The guarded lifecycle base: parameters, ports, transitions that fail, unfit messages."""

import time
from dataclasses import dataclass

import pytest

pytest.importorskip('rclpy')

from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from std_msgs.msg import Float32MultiArray

from abm_ros.common.config import check, setting
from abm_ros.common.errors import BodyError, ConfigError, SpecError
from abm_ros.ros.node import PartNode, topic_problem
from abm_ros.ros.rclpy_internals import lifecycle_state
from abm_ros.ros.spin import turn

SUCCESS, FAILURE, ERROR = (TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE,
                           TransitionCallbackReturn.ERROR)


@dataclass(frozen=True)
class ProbeConfig:
    gain: float = setting(1.0, 'Gain.', unit='rad', low=0.0, high=2.0, runtime=True)
    size: int = setting(3, 'Size.', low=1, high=9)
    names: tuple[str, ...] = setting((), 'Names.', runtime=True)
    kind: str = setting('a', 'Kind.', choices=('a', 'b'), runtime=True)

    def __post_init__(self) -> None:
        check(self)


class Probe(PartNode[ProbeConfig]):
    """Has the ports of system_b."""

    def __init__(self) -> None:
        super().__init__('system_b', ProbeConfig)
        self.raises = {}
        self.calls = []

    def _step(self, name: str) -> None:
        self.calls.append(name)
        if name in self.raises:
            raise self.raises[name]

    def configure(self) -> None:
        self._step('configure')

    def activated(self) -> None:
        self._step('activated')

    def deactivated(self) -> None:
        self._step('deactivated')

    def cleaned_up(self) -> None:
        self._step('cleaned_up')

    def reconfigured(self) -> None:
        self._step('reconfigured')

    def on_latent(self, message) -> None:
        self._step('latent')

    def on_spec(self, message) -> None:
        self._step('spec')

    def on_model(self, message) -> None:
        self._step('model')


@pytest.fixture
def probe(ros):
    node = Probe()
    yield node
    node.destroy_node()


def put(node, **values):
    return node.set_parameters([Parameter(name.replace('__', '.'), value=value)
                                for name, value in values.items()])


def endpoints(node):
    own = {'rosout', 'parameter_events', 'transition_event', 'signals'}
    names = {n for n, _ in (*node.get_publisher_names_and_types_by_node('system_b', '/'),
                            *node.get_subscriber_names_and_types_by_node('system_b', '/'))}
    return {n.lstrip('/') for n in names if n.rpartition('/')[2] not in own}


def settles(condition):
    deadline = time.monotonic() + 10.0
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def state(node):
    return lifecycle_state(node)


def test_parameters_come_from_the_configuration(probe) -> None:
    assert probe.get_parameter('gain').value == 1.0
    descriptor = probe.describe_parameter('gain')
    assert 'Gain.' in descriptor.description
    assert 'rad' in descriptor.description
    assert descriptor.floating_point_range[0].to_value == 2.0
    assert probe.describe_parameter('size').integer_range[0].from_value == 1
    assert probe.describe_parameter('port.action').description


@pytest.mark.parametrize(('change', 'says'), [
    ({'gain': 3.0}, ''), ({'gain': float('nan')}, ''), ({'size': 4}, 'start-up'),
    ({'kind': 'c'}, 'a, b'), ({'port__action': '/action'}, 'relative'),
    ({'port__action': 'a b'}, 'relative'), ({'port__action': '~/a'}, 'relative')])
def test_what_may_not_be_set_is_refused_with_a_reason(probe, change, says) -> None:
    before = probe.config
    result = put(probe, **change)[0]
    assert not result.successful
    assert says in result.reason
    assert result.reason
    assert probe.config == before


def test_parameters_of_another_type_are_refused(probe) -> None:
    for name, value in (('gain', 'much'), ('names', 'one'), ('port__action', 3)):
        # In process rclpy raises for a change of type; over the service it answers.
        result = probe.set_parameters_atomically([Parameter(name.replace('__', '.'),
                                                            value=value)])
        assert not result.successful
    assert probe.config == ProbeConfig()


def test_runtime_settings_take_effect_and_lists_may_be_emptied(probe) -> None:
    assert put(probe, gain=0.5, names=['x', 'y'])[0].successful
    assert probe.config.gain == 0.5
    assert put(probe, names=['x', 'y'])[0].successful
    assert probe.config.names == ('x', 'y')
    assert put(probe, names=[''])[0].successful
    assert probe.config.names == ()
    assert 'reconfigured' in probe.calls


def test_one_bad_change_of_several_changes_nothing(probe) -> None:
    result = probe.set_parameters_atomically([
        Parameter('gain', value=0.5), Parameter('kind', value='c')])
    assert not result.successful
    assert probe.config == ProbeConfig()


def test_endpoints_exist_exactly_while_active(probe) -> None:
    assert put(probe, port__latent='latent', port__spec='', port__model='',
               port__action='somewhere/else')[0].successful
    assert probe.trigger_configure() == SUCCESS
    assert endpoints(probe) == set()
    assert probe.trigger_activate() == SUCCESS
    assert settles(lambda: endpoints(probe) == {'latent', 'somewhere/else'})
    assert probe.trigger_deactivate() == SUCCESS
    assert settles(lambda: endpoints(probe) == set())
    probe.emit('action', Float32MultiArray())   # an unwired port swallows it


def test_ports_are_fixed_while_active(probe) -> None:
    probe.trigger_configure()
    probe.trigger_activate()
    result = put(probe, port__action='elsewhere')[0]
    assert not result.successful
    assert 'deactivate' in result.reason
    assert put(probe, gain=0.2)[0].successful
    probe.trigger_deactivate()
    assert put(probe, port__action='elsewhere')[0].successful


@pytest.mark.parametrize(('error', 'returned', 'ends'), [
    (BodyError('no body'), FAILURE, 'unconfigured'),
    (RuntimeError('broken'), ERROR, 'unconfigured')])
def test_a_configure_that_fails_is_logged_and_returned(probe, error, returned, ends, capfd
                                                       ) -> None:
    probe.raises['configure'] = error
    assert probe.trigger_configure() == returned
    assert str(error) in capfd.readouterr().err
    assert state(probe) == ends
    del probe.raises['configure']
    assert probe.trigger_configure() == SUCCESS


@pytest.mark.parametrize(('error', 'returned', 'ends'), [
    (BodyError('no body'), FAILURE, 'inactive'), (RuntimeError('broken'), ERROR, 'unconfigured')])
def test_an_activate_that_fails_leaves_no_endpoint(probe, error, returned, ends, capfd) -> None:
    probe.trigger_configure()
    probe.raises['activated'] = error
    assert probe.trigger_activate() == returned
    assert str(error) in capfd.readouterr().err
    assert state(probe) == ends
    assert not probe.active
    assert settles(lambda: endpoints(probe) == set())
    del probe.raises['activated']
    if ends == 'unconfigured':
        probe.trigger_configure()
    assert probe.trigger_activate() == SUCCESS


def test_a_deactivate_never_fails(probe, capfd) -> None:
    probe.trigger_configure()
    probe.trigger_activate()
    probe.raises['deactivated'] = RuntimeError('broken')
    assert probe.trigger_deactivate() == SUCCESS
    assert 'broken' in capfd.readouterr().err
    assert state(probe) == 'inactive'
    assert settles(lambda: endpoints(probe) == set())


def test_start_raises_the_refusal(probe) -> None:
    probe.raises['configure'] = BodyError('no body')
    with pytest.raises(BodyError, match='no body'):
        probe.start()


def test_messages_that_do_not_fit_are_counted_and_faults_are_logged(probe, capfd) -> None:
    def refuse():
        raise SpecError('too long')

    def fail():
        raise ZeroDivisionError('oops')
    probe.guarded('action', refuse)
    probe.guarded('action', fail)
    assert (probe.refused, probe.faults) == (1, 1)
    said = capfd.readouterr().err
    assert 'too long' in said
    assert 'ZeroDivisionError' in said


def test_timers_stop_with_the_node_and_telemetry_does_not(probe) -> None:
    ticks, heard = [], []
    executor = SingleThreadedExecutor()
    listener = probe.create_subscription(Float32MultiArray, 'system_b/signals', heard.append, 10)
    executor.add_node(probe)
    probe.trigger_configure()
    probe.trigger_activate()
    probe.every(0.01, lambda: ticks.append(1))

    def spin(until):
        deadline = time.monotonic() + 10.0
        while not until() and time.monotonic() < deadline:
            turn(executor, probe, 0.05)
        assert until()
    spin(lambda: len(ticks) > 5 and heard)
    probe.trigger_deactivate()
    count, before = len(ticks), len(heard)
    spin(lambda: len(heard) >= before + 3)
    assert len(ticks) == count
    assert 'state=inactive' in heard[-1].layout.dim[0].label
    executor.shutdown()
    probe.destroy_subscription(listener)


@pytest.mark.parametrize('topic', ['', 'a', 'a/b', 'a_1/b_2', 'A'])
def test_relative_topics_pass(topic) -> None:
    assert topic_problem(topic) == ''


@pytest.mark.parametrize('topic', ['/a', 'a/', 'a//b', '1a', 'a b', '~a', 'a\n', 'ä', None, 3])
def test_other_topics_are_refused(topic) -> None:
    assert topic_problem(topic)


def test_a_config_error_names_node_and_field() -> None:
    with pytest.raises(ConfigError, match=r'ProbeConfig\.gain'):
        ProbeConfig(gain=9.0)
