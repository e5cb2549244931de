"""What is off the control path waits a little, in order, and never gets lost."""

import time

import pytest

pytest.importorskip('rclpy')

from rclpy.executors import SingleThreadedExecutor

from abm_ros.ros.deferred import Deferred
from abm_ros.ros.spin import make_executor, turn


def spin(executor, node, seconds: float) -> None:
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        turn(executor, node, 0.01)


def test_without_a_delay_work_is_done_at_once(node) -> None:
    done: list[int] = []
    Deferred(node, 0.0)('count', done.append, 1)
    assert done == [1]


@pytest.mark.parametrize('make', [make_executor, SingleThreadedExecutor])
def test_work_waits_is_done_in_order_and_the_next_work_waits_again(node, make) -> None:
    executor = make()
    executor.add_node(node)
    try:
        done: list[int] = []
        later = Deferred(node, 0.05)
        for turn in range(3):
            later('count', done.append, 2 * turn)
            later('count', done.append, 2 * turn + 1)
            assert done == list(range(2 * turn))
            spin(executor, node, 0.3)
            assert done == list(range(2 * turn + 2))
    finally:
        executor.shutdown(0.0)


def test_flushing_does_now_what_waits_and_only_once(node) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        done: list[int] = []
        later = Deferred(node, 0.02)
        later('count', done.append, 1)
        later.flush()
        assert done == [1]
        spin(executor, node, 0.1)
        later.flush()
        assert done == [1]
    finally:
        executor.shutdown(0.0)


def test_work_that_fails_is_counted_and_what_follows_is_done(node) -> None:
    done: list[int] = []
    later = Deferred(node, 1.0)
    later('divide', lambda: 1 / 0)
    later('count', done.append, 1)
    later.flush()
    assert done == [1]
    assert node.faults == 1
