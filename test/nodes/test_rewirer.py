"""The rewiring engine over bare lifecycle nodes: order, what changes, who refuses, who is late."""

import threading
import time
from dataclasses import dataclass

import pytest

pytest.importorskip('rclpy')

from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter

from abm_ros.common.config import setting
from abm_ros.common.errors import BodyError, GraphError
from abm_ros.meta.wiring import NodeRow
from abm_ros.nodes.effectors.rewirer import Rewirer
from abm_ros.ros.node import PartNode
from abm_ros.ros.rclpy_internals import lifecycle_state


@dataclass(frozen=True)
class BareConfig:
    schedule: str = setting('online', 'Schedule.', choices=('online', 'value'), runtime=True)


class Bare(PartNode[BareConfig]):
    """Writes down what is done to it; refuses or dawdles when told to."""

    def __init__(self, name: str, log: list) -> None:
        super().__init__(name, BareConfig)
        self.log = log
        self.refusals = 0
        self.slow_s = 0.0

    def activated(self) -> None:
        self.log.append((self.part, 'on'))
        time.sleep(self.slow_s)
        if self.refusals:
            self.refusals -= 1
            raise BodyError('not now')

    def deactivated(self) -> None:
        self.log.append((self.part, 'off'))

    def reconfigured(self) -> None:
        self.log.append((self.part, self.config.schedule))

    def __getattr__(self, name: str):
        if name.startswith('on_'):
            return lambda message: None
        raise AttributeError(name)


NODES = ('system_a_learner', 'system_b', 'motor_gate')


class World:
    """The bare nodes, one thread each, and a rewirer in a thread of ours."""

    def __init__(self, rclpy) -> None:
        self.log: list = []
        self.nodes = {name: Bare(name, self.log) for name in NODES}
        self.client = rclpy.create_node('rewirer')
        self.executors = []
        self.ending = False
        self.threads = []
        for node in (*self.nodes.values(), self.client):
            executor = SingleThreadedExecutor()
            executor.add_node(node)
            thread = threading.Thread(target=self._spin, args=(executor,), daemon=True)
            thread.start()
            self.executors.append(executor)
            self.threads.append(thread)
        self.rewirer = Rewirer(self.client, NODES, timeout_s=0.5)
        self.rewirer.wait_ready(20.0)

    def _spin(self, executor) -> None:
        while not self.ending:
            executor.spin_once(timeout_sec=0.05)

    def states(self):
        return {name: lifecycle_state(node) for name, node in self.nodes.items()}

    def close(self) -> None:
        self.ending = True
        for thread in self.threads:
            thread.join(5.0)
        for executor in self.executors:
            executor.shutdown(0.0)
        for node in (*self.nodes.values(), self.client):
            node.destroy_node()


@pytest.fixture
def world(ros):
    made = World(ros)
    yield made
    made.close()


def row(active: bool = True, ports=None, **params) -> NodeRow:
    return NodeRow(active, ports or {}, params)


def rows(gate: bool = True, learns: bool = True, **changes):
    table = {'system_a_learner': row(learns, {'replay': 'memory/replay'}, schedule='online'),
             'system_b': row(True, {'latent': 'latent', 'action': 'action'}),
             'motor_gate': row(gate, {'action': 'action'})}
    return {**table, **changes}


def test_a_graph_is_brought_up_with_the_gate_last(world) -> None:
    report = world.rewirer.apply(rows())
    assert set(world.states().values()) == {'active'}
    assert [name for name, what in world.log if what == 'on'][-1] == 'motor_gate'
    assert report.retries == 0
    assert 0 <= report.gate_shut_s <= report.full_s


def test_the_gate_shuts_first_and_opens_last_and_what_stays_is_not_touched(world) -> None:
    world.rewirer.apply(rows())
    world.log.clear()
    changed = rows(system_b=row(True, {'latent': 'imagined', 'action': 'action'}))
    world.rewirer.apply(changed)
    assert world.log == [('motor_gate', 'off'), ('system_b', 'off'), ('system_b', 'on'),
                         ('motor_gate', 'on')]
    assert world.nodes['system_b'].get_parameter('port.latent').value == 'imagined'


def test_settings_alone_need_no_rewiring(world) -> None:
    world.rewirer.apply(rows(gate=False))
    world.log.clear()
    learner = row(True, {'replay': 'memory/replay'}, schedule='value')
    world.rewirer.apply(rows(gate=False, system_a_learner=learner))
    assert world.log == [('system_a_learner', 'value')]
    for _ in range(2):
        world.rewirer.modulate('system_a_learner', {'schedule': 'online'})
        answered(world.rewirer)
    assert world.log[1:] == [('system_a_learner', 'online')]


def answered(rewirer) -> None:
    """Check as a decision thread does, tick by tick, until nothing is waited for."""
    deadline_s = time.monotonic() + 20.0
    while rewirer.waits:
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
        rewirer.check()


def deaf(world, monkeypatch, name: str) -> threading.Event:
    """Make a node dawdle over the next change of its settings until the event is set."""
    go_on = threading.Event()
    node, told = world.nodes[name], world.nodes[name].reconfigured
    monkeypatch.setattr(node, 'reconfigured', lambda: (go_on.wait(20.0), told()))
    return go_on


def test_a_modulation_waits_for_nobody_and_its_answer_is_taken_later(world, monkeypatch) -> None:
    world.rewirer.apply(rows())
    go_on = deaf(world, monkeypatch, 'system_a_learner')
    world.rewirer.modulate('system_a_learner', {'schedule': 'value'})
    world.rewirer.check()
    assert world.rewirer.waits, 'and we are here, which is the point'
    go_on.set()
    answered(world.rewirer)
    assert world.log[-1] == ('system_a_learner', 'value')
    world.rewirer.modulate('system_a_learner', {'schedule': 'value'})
    assert not world.rewirer.waits, 'it is known by now'


def test_a_modulation_that_nobody_answers_is_named_after_it_was_sent_twice(
        world, monkeypatch) -> None:
    monkeypatch.setattr('abm_ros.nodes.effectors.rewirer._FINAL_TIMEOUT_S', 0.3)
    world.rewirer.apply(rows())
    go_on = deaf(world, monkeypatch, 'system_a_learner')
    world.rewirer.modulate('system_a_learner', {'schedule': 'value'})
    with pytest.raises(GraphError, match='system_a_learner does not answer'):
        answered(world.rewirer)
    assert not world.rewirer.waits
    go_on.set()
    world.rewirer.modulate('system_a_learner', {'schedule': 'online'})
    answered(world.rewirer)
    assert world.nodes['system_a_learner'].config.schedule == 'online'


def test_a_refused_modulation_is_named_with_its_reason(world) -> None:
    world.rewirer.apply(rows())
    world.rewirer.modulate('system_a_learner', {'schedule': 'never'})
    with pytest.raises(GraphError, match=r'system_a_learner refused schedule.*online, value'):
        answered(world.rewirer)


def test_a_rewiring_overtakes_a_modulation_under_way(world, monkeypatch) -> None:
    """Whatever became of the modulation, the row's own setting is in force after it."""
    world.rewirer.apply(rows())
    go_on = deaf(world, monkeypatch, 'system_a_learner')
    world.rewirer.modulate('system_a_learner', {'schedule': 'value'})
    threading.Timer(0.1, go_on.set).start()
    world.rewirer.apply(rows(system_a_learner=row(True, {'replay': 'memory/replay'},
                                                  schedule='online')))
    assert not world.rewirer.waits
    assert world.nodes['system_a_learner'].config.schedule == 'online'


def test_a_node_that_refuses_once_is_asked_again(world) -> None:
    world.nodes['system_b'].refusals = 1
    report = world.rewirer.apply(rows())
    assert set(world.states().values()) == {'active'}
    assert report.retries == 1


def test_a_node_that_refuses_for_good_is_named_and_the_gate_stays_shut(world) -> None:
    world.rewirer.apply(rows())
    world.nodes['system_b'].refusals = 99
    with pytest.raises(GraphError, match='system_b'):
        world.rewirer.apply(rows(system_b=row(True, {'latent': 'imagined'})))
    assert world.states()['motor_gate'] == 'inactive'
    world.nodes['system_b'].refusals = 0
    world.rewirer.apply(rows())
    assert set(world.states().values()) == {'active'}


def test_a_node_that_is_late_is_read_back_not_given_up(world) -> None:
    world.nodes['system_b'].slow_s = 1.0    # twice the time-out
    world.rewirer.apply(rows())
    assert set(world.states().values()) == {'active'}
    assert world.log.count(('system_b', 'on')) == 1


def test_a_refused_setting_is_named_with_its_reason(world) -> None:
    with pytest.raises(GraphError, match=r'system_a_learner.*schedule.*online, value'):
        world.rewirer.apply(rows(system_a_learner=row(True, {}, schedule='never')))


def test_what_another_hand_changed_is_found_after_forgetting(world) -> None:
    world.rewirer.apply(rows())
    world.nodes['system_b'].trigger_deactivate()
    world.rewirer.forget('system_b')
    world.rewirer.apply(rows())
    assert set(world.states().values()) == {'active'}


def test_a_setting_that_another_hand_changed_is_set_again_at_every_rewiring(world) -> None:
    learns = rows(system_a_learner=row(True, {}, schedule='online'))
    world.rewirer.apply(learns)
    learner = world.nodes['system_a_learner']
    learner.set_parameters([Parameter('schedule', value='value')])
    assert learner.config.schedule == 'value'
    world.log.clear()
    world.rewirer.apply(learns)
    world.rewirer.apply(learns)
    assert learner.config.schedule == 'online'
    assert [entry for entry in world.log if entry[0] == 'system_a_learner'] == [
        ('system_a_learner', 'online')]     # what is as it was is no reason to begin anew


def test_the_gate_can_be_shut_whatever_is_known(world) -> None:
    world.rewirer.apply(rows())
    assert world.rewirer.shut_gate()
    assert world.states()['motor_gate'] == 'inactive'
    assert world.rewirer.shut_gate()


def test_nodes_that_are_not_there_are_named(ros) -> None:
    node = ros.create_node('alone')
    try:
        with pytest.raises(GraphError, match='nobody'):
            Rewirer(node, ('nobody',), gate='nobody').wait_ready(0.1)
    finally:
        node.destroy_node()


def test_an_answer_later_than_a_look_counts(world, monkeypatch) -> None:
    """Under load each answer of a node may be late; it is asked no faster than it can answer."""
    node = world.nodes['system_b']
    busy = node.create_timer(0.01, lambda: time.sleep(0.7))
    world.rewirer.wait_ready(10.0)
    node.destroy_timer(busy)


def test_clients_that_are_never_answered_are_made_anew(world, monkeypatch) -> None:
    """A lost match: the old client's answers never come, those of a new one do."""
    monkeypatch.setattr('abm_ros.nodes.effectors.silent_nodes.RENEW_S', 0.5)
    monkeypatch.setattr('abm_ros.nodes.effectors.rewirer._PROBE_S', 0.2)
    lost = world.rewirer._remotes['system_b']
    monkeypatch.setattr(lost._get, '_pending_requests', Forgetful())
    world.rewirer.wait_ready(20.0)
    world.rewirer.apply(rows())
    assert set(world.states().values()) == {'active'}


class Forgetful(dict):
    """Requests that no answer finds."""

    def __getitem__(self, key):
        raise KeyError(key)
