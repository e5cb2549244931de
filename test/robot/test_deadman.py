"""The deadman latch: no order of events opens it that must not."""

from hypothesis import given, settings
from hypothesis import strategies as st

from abm_ros.robot.deadman import DeadmanLatch

EVENTS = st.lists(st.one_of(
    st.tuples(st.just('beat'), st.sampled_from(['one', 'two']), st.booleans()),
    st.tuples(st.just('action')), st.tuples(st.just('arm')), st.tuples(st.just('disarm')),
    st.tuples(st.just('wait'), st.floats(0.0, 0.5))), max_size=40)
DEADMAN_S, HEARTBEAT_S = 0.2, 0.3


@settings(max_examples=150)
@given(EVENTS)
def test_the_latch_is_open_only_when_all_that_must_be_is(events) -> None:
    latch = DeadmanLatch(DEADMAN_S, HEARTBEAT_S)
    now_s, life = 50.0, None       # the events since it was armed, None while disarmed
    for event in events:
        if event[0] == 'wait':
            now_s += event[1]
        elif event[0] == 'arm':
            latch.arm()
            life = []
        elif event[0] == 'disarm':
            latch.disarm('told to')
            life = None
        elif event[0] == 'beat':
            latch.heartbeat(event[1], event[2], now_s)
            if life is not None:
                life.append((now_s, *event))
        else:
            latch.action(now_s)
            if life is not None:
                life.append((now_s, *event))
        if not latch.shut(now_s):
            assert life is not None, 'open without being armed'
            beats = [e for e in life if e[1] == 'beat']
            assert {e[2] for e in beats} == {beats[-1][2]}, 'two incarnations'
            assert beats[-1][3], 'the last heartbeat says shut'
            assert now_s - beats[-1][0] <= HEARTBEAT_S
            assert now_s - max(e[0] for e in life if e[1] == 'action') <= DEADMAN_S


def test_the_latch_opens_when_everything_is_there_and_says_why_not() -> None:
    latch = DeadmanLatch(DEADMAN_S, HEARTBEAT_S)
    assert 'not active' in latch.shut(0.0)
    latch.arm()
    assert 'heartbeat' in latch.shut(0.0)
    latch.heartbeat('one', False, 0.0)
    assert 'motors are shut' in latch.shut(0.0)
    latch.heartbeat('one', True, 0.1)
    assert latch.shut_before_action(0.1) == ''
    assert 'action' in latch.shut(0.1)
    latch.action(0.1)
    assert latch.shut(0.1) == ''
    assert 'action' in latch.shut(0.301)
    assert 'heartbeat' in latch.shut(0.401)


def test_a_second_incarnation_trips_it_until_it_is_armed_again() -> None:
    latch = DeadmanLatch(DEADMAN_S, HEARTBEAT_S)
    latch.arm()
    for beat in ('one', 'two', 'one'):
        latch.heartbeat(beat, True, 0.0)
    latch.action(0.0)
    assert 'incarnation' in latch.shut(0.0)
    latch.arm()
    assert latch.shut(0.0) != ''
    latch.heartbeat('two', True, 0.0)
    latch.action(0.0)
    assert latch.shut(0.0) == ''


def test_a_latch_that_was_told_its_incarnation_opens_for_no_other_even_when_heard_first() -> None:
    latch = DeadmanLatch(DEADMAN_S, HEARTBEAT_S)
    latch.arm('two')
    latch.heartbeat('two', True, 0.0)
    latch.action(0.0)
    assert latch.shut(0.0) == ''
    latch.arm('two')
    latch.heartbeat('one', True, 0.0)
    latch.action(0.0)
    assert 'incarnation two' in latch.shut(0.0)
    latch.heartbeat('two', True, 0.0)
    assert latch.shut(0.0) != ''


OPERATIONS = st.lists(st.one_of(
    st.tuples(st.just('arm'), st.sampled_from(('', 'one', 'two'))),
    st.tuples(st.just('heartbeat'), st.sampled_from(('one', 'two'))),
    st.tuples(st.sampled_from(('disarm', 'hold', 'release', 'action', 'wait')), st.just(''))),
    max_size=40)


@given(OPERATIONS)
def test_a_held_gate_stays_shut_over_every_incarnation_until_released(operations) -> None:
    latch, now_s, held = DeadmanLatch(0.2, 0.3), 0.0, False
    for name, who in operations:
        now_s += 1.0 if name == 'wait' else 0.01
        if name == 'heartbeat':
            latch.heartbeat(who, True, now_s)
        elif name == 'action':
            latch.action(now_s)
        elif name in ('arm', 'disarm'):
            getattr(latch, name)(who)
        elif name in ('hold', 'release'):
            getattr(latch, name)()
            held = name == 'hold'
        if held:
            assert latch.shut(now_s) == latch.shut_before_action(now_s) == 'the operator holds'
        else:
            assert 'operator' not in latch.shut(now_s)


def test_a_release_needs_a_new_action_to_open() -> None:
    latch = DeadmanLatch(0.2, 0.3)
    latch.arm()
    latch.heartbeat('one', True, 1.0)
    latch.action(1.0)
    assert latch.shut(1.0) == ''
    latch.hold()
    latch.release()
    assert latch.shut(1.0) == 'no fresh action'
    latch.action(1.0)
    assert latch.shut(1.0) == ''
