"""Timers are called once when they are due, whatever else a node does."""

import time

import pytest

from abm_ros.ros import timers as module
from abm_ros.ros.timers import Timers


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now_s = 100.0
    monkeypatch.setattr(module.time, 'monotonic', lambda: Clock.now_s)
    return Clock


def test_a_timer_is_called_each_period(clock) -> None:
    timers, calls = Timers(), []
    timers.add(0.5, lambda: calls.append(clock.now_s))
    for _ in range(16):
        clock.now_s += 0.125
        timers.run()
    assert calls == [100.5, 101.0, 101.5, 102.0]


def test_missed_periods_are_left_out(clock) -> None:
    timers, calls = Timers(), []
    timers.add(0.5, lambda: calls.append(clock.now_s))
    clock.now_s += 5.0
    for _ in range(20):
        timers.run()
    assert calls == [105.0]
    assert timers.wait_s(1.0) == 0.5


def test_a_reset_puts_off_and_a_cancelled_timer_waits_for_a_reset(clock) -> None:
    timers, calls = Timers(), []
    timer = timers.add(0.5, lambda: calls.append(clock.now_s))
    clock.now_s += 0.25
    timer.reset()
    clock.now_s += 0.375
    timers.run()
    timer.cancel()
    clock.now_s += 9.0
    timers.run()
    assert calls == []
    assert timers.wait_s(2.0) == 2.0
    timer.reset()
    clock.now_s += 0.5
    timers.run()
    assert calls == [110.125]


def test_a_callback_may_end_timers_and_begin_others(clock) -> None:
    timers, calls = Timers(), []

    def first() -> None:
        timers.remove(other)
        timers.add(0.25, lambda: calls.append('new'))

    timers.add(0.5, first)
    other = timers.add(0.5, lambda: calls.append('other'))
    clock.now_s += 0.5
    timers.run()
    clock.now_s += 0.25
    timers.run()
    assert calls == ['new']


def test_a_node_waits_for_the_next_timer_and_no_longer(clock) -> None:
    timers = Timers()
    assert timers.wait_s(0.2) == 0.2
    timers.add(0.125, lambda: None)
    timers.add(1.0, lambda: None)
    assert timers.wait_s(0.2) == 0.125
    clock.now_s += 3.0
    assert timers.wait_s(0.2) == 0.0


def test_messages_do_not_hold_up_timers_nor_timers_messages(node) -> None:
    """Both are due all the time; rclpy's own timers once fed on each other here."""
    pytest.importorskip('rclpy')
    from std_msgs.msg import Empty

    from abm_ros.ros.spin import make_executor, turn
    calls, heard = [], []
    executor = make_executor()
    publisher = node.create_publisher(Empty, 'busy', 10)
    node.create_subscription(Empty, 'busy', heard.append, 10)
    executor.add_node(node)
    again = node.steady.add(30.0, lambda: None)
    for name in ('one', 'other'):
        node.steady.add(0.001, lambda name=name: calls.append(name))
    try:
        end_s = time.monotonic() + 5.0
        while (len(heard) < 50 or len(calls) < 100) and time.monotonic() < end_s:
            publisher.publish(Empty())
            again.reset()
            turn(executor, node, 0.01)
            time.sleep(0.002)
    finally:
        executor.shutdown()
    assert len(heard) >= 50
    assert {name: calls.count(name) >= 40 for name in set(calls)} == {'one': True, 'other': True}
