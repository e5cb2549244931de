"""Which pathways are lit, from the endpoints of a graph; neither Qt nor a graph is needed."""

import pytest

from abm_ros.rqt.pathways import MARKED_S, Changes, Pathways, Topic, declared, pathways

LIVE = (('joint_states', {'my_arm'}, {'sensory_gate', 'motor_gate', 'rviz'}),
        ('observation', {'sensory_gate'}, {'system_a', 'episodic_memory', 'recorder'}),
        ('observation/spec', {'sensory_gate'}, {'system_a', 'system_b'}),
        ('latent', {'system_a'}, {'system_b'}),
        ('action', {'system_b'}, set()),
        ('memory/replay', {'episodic_memory'}, set()),
        ('arm_controller/commands', {'motor_gate'}, {'my_arm', 'abm_monitor'}))


def topics(*replaced):
    given = {name: (sent, heard) for name, sent, heard in (*LIVE, *replaced)}
    return [Topic(name, frozenset(sent), frozenset(heard))
            for name, (sent, heard) in given.items()]


def test_a_pathway_is_lit_where_somebody_sends_and_somebody_hears() -> None:
    found = pathways(topics())
    assert set(found.lit) == {
        ('body', 'sensory_gate'), ('body', 'motor_gate'), ('sensory_gate', 'system_a'),
        ('sensory_gate', 'episodic_memory'), ('system_a', 'system_b'), ('motor_gate', 'body')}
    assert found.body == 'my_arm'
    # The motor gate commands and hears its joints in every mode: that alone wires nothing.
    assert set(found.wired) == {'body', 'sensory_gate', 'system_a', 'system_b',
                                'episodic_memory'}
    assert 'motor_gate' in pathways(topics(('action', {'system_b'}, {'motor_gate'}))).wired


def test_a_topic_that_was_never_declared_is_lit_all_the_same() -> None:
    found = pathways(topics(('my_thoughts', {'system_b'}, {'system_a'})))
    assert found.lit['system_b', 'system_a'] == {'my_thoughts'}


def test_what_does_not_fit_by_qos_is_not_lit() -> None:
    pair = ('system_a', 'system_b')
    found = pathways([Topic('latent', frozenset(['system_a']), frozenset(['system_b']),
                            frozenset([pair]))])
    assert not found.lit
    assert found.unfit == {pair: {'latent'}}


def test_what_opens_and_what_shuts_is_marked_for_a_moment() -> None:
    task = {('a', 'b'): ['x'], ('b', 'c'): ['y']}
    sleep = {('b', 'c'): ['y'], ('c', 'd'): ['z']}
    changes = Changes()
    changes.follow(Pathways(task), 0.0)
    assert (changes.opened, changes.shut) == ({}, {})     # nothing is new at the first look
    changes.follow(Pathways(sleep), 1.0)
    assert (changes.opened, changes.shut) == ({('c', 'd'): 1.0}, {('a', 'b'): 1.0})
    changes.follow(Pathways(task), 2.0)
    assert (changes.opened, changes.shut) == ({('a', 'b'): 2.0}, {('c', 'd'): 2.0})
    changes.follow(Pathways(task), 2.1 + MARKED_S)
    assert (changes.opened, changes.shut) == ({}, {})


@pytest.mark.parametrize(('pair', 'topic'), [
    (('body', 'sensory_gate'), 'joint_states'), (('sensory_gate', 'system_a'), 'observation'),
    (('system_a', 'system_b'), 'latent'), (('system_b', 'motor_gate'), 'action'),
    (('system_b', 'system_a'), 'imagined_action'),
    (('episodic_memory', 'system_a_learner'), 'memory/replay'),
    (('motor_gate', 'body'), 'commands'), (('system_m', 'motor_gate'), 'system_m/heartbeat')])
def test_what_can_be_comes_from_the_declared_ports(pair, topic) -> None:
    pytest.importorskip('rclpy')
    from abm_ros.rqt.listener import DECLARED
    assert topic in DECLARED[pair]
    assert ('body', 'system_a') not in DECLARED


def test_a_port_that_the_body_does_not_serve_is_not_its() -> None:
    assert ('body', 'system_a') not in declared({'system_a': [('dreams', False)]})
