"""The newest reading of each joint: sources of their own, bad stamps, clocks set back, turns."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm_ros.common.errors import NonFiniteError, SpecError
from abm_ros.robot.joint_readings import (
    JointReadings,
    JointSample,
    News,
    near_side,
    unwrapped,
)

ARM, GRIPPER = ('a', 'b'), ('g',)
MS = 1_000_000


def wrapped(angle):
    """The same angle as a driver tells it, in [-pi, pi]."""
    return np.arctan2(np.sin(angle), np.cos(angle))


def sample(at_ms: float, names, position, velocity=(), effort=()) -> JointSample:
    return JointSample(round(at_ms * MS), tuple(names), position, velocity, effort=effort)


def test_an_arm_and_its_gripper_come_in_messages_of_their_own() -> None:
    readings = JointReadings(('a', 'b', 'g'))
    assert readings.take(sample(10, ARM, [0.1, 0.2], [1.0, 2.0]), 5.0) is News.LEAD
    assert readings.oldest_s == -math.inf
    assert readings.silent_since(0.0) == ('g',)
    assert readings.take(sample(12, GRIPPER, [0.04]), 5.5) is News.PART
    assert readings.position == [0.1, 0.2, 0.04]
    assert readings.velocity[:2] == [1.0, 2.0]
    assert math.isnan(readings.velocity[2])
    assert readings.stamp_ns == 10 * MS, 'the arm sets the time'
    assert readings.oldest_s == 5.0
    assert readings.silent_since(5.2) == ('a', 'b')


@given(st.lists(st.sampled_from(['arm', 'gripper', 'empty', 'strange', 'no positions']),
                max_size=30), st.randoms())
def test_each_joint_keeps_its_newest_reading_whatever_comes_between(kinds, random) -> None:
    readings = JointReadings(('a', 'b', 'g'))
    newest = {}
    for at, kind in enumerate(kinds, 1):
        names = {'arm': ['b', 'x', 'a'], 'gripper': ['g', 'x']}.get(kind, [])
        random.shuffle(names)
        if kind == 'no positions':
            bad = JointSample(at * MS, ARM, (), (0.1, 0.2))
            assert readings.take(bad, at) is News.NONE
            continue
        names = ['x', 'y'] if kind == 'strange' else names
        values = {name: at + 0.1 * ord(name) for name in names}
        news = readings.take(sample(at, names, [values[n] for n in names]), at)
        assert bool(news) == (kind in ('arm', 'gripper'))
        newest.update(values)
    for name, value in zip(readings.joints, readings.position, strict=True):
        assert (value == newest[name]) if name in newest else math.isnan(value)


def test_the_largest_source_leads_though_it_came_later() -> None:
    readings = JointReadings(('g', 'a', 'b'))
    assert readings.take(sample(1, GRIPPER, [0.0]), 0.0) is News.LEAD
    assert readings.take(sample(2, ARM, [0.0, 0.0]), 0.0) is News.LEAD
    assert readings.take(sample(3, GRIPPER, [0.0]), 0.0) is News.PART
    assert readings.stamp_ns == 2 * MS
    assert readings.take(sample(4, ('b', 'x', 'a'), [0.0] * 3), 0.0) is News.LEAD, 'reordered'


def test_velocity_and_effort_that_are_told_in_part_or_no_more_are_not_kept() -> None:
    readings = JointReadings(ARM)
    readings.take(sample(1, ARM, [0.0, 0.0], [1.0, math.nan], [3.0, 4.0]), 0.0)
    assert readings.velocity[0] == 1.0
    assert math.isnan(readings.velocity[1])
    assert readings.effort == [3.0, 4.0]
    readings.take(sample(2, ARM, [0.0, 0.0], [1.0]), 0.0)
    assert np.isnan([readings.velocity, readings.effort]).all()


@pytest.mark.parametrize(('position', 'error'), [
    ([0.1], SpecError), ([0.1, math.nan], NonFiniteError), ([math.inf, 0.1], NonFiniteError)])
def test_a_malformed_state_is_refused_and_the_last_reading_stays(position, error) -> None:
    readings = JointReadings(ARM)
    readings.take(sample(1, ARM, [0.5, 0.6]), 1.0)
    with pytest.raises(error):
        readings.take(sample(2, ARM, position), 2.0)
    assert readings.position == [0.5, 0.6]
    assert readings.oldest_s == 1.0


def test_a_stamp_of_zero_stands_for_the_time_of_arrival() -> None:
    readings = JointReadings(ARM)
    readings.take(sample(7, ARM, [0.0, 0.0]), 1.0, 99)
    assert not readings.unstamped
    readings = JointReadings(ARM)
    readings.take(sample(0, ARM, [0.0, 0.0]), 1.0, 8 * MS)
    assert readings.unstamped
    assert readings.stamp_ns == 8 * MS
    readings.take(sample(0, ARM, [1.0, 1.0]), 2.0, 9 * MS)
    assert (readings.stamp_ns, readings.jumps) == (9 * MS, 0)


def test_a_clock_that_is_set_back_voids_what_was_read_before() -> None:
    readings = JointReadings(('a', 'b', 'g'))
    readings.take(sample(5000, ARM, [0.1, 0.2]), 1.0)
    readings.take(sample(5000, GRIPPER, [0.04]), 1.0)
    assert readings.take(sample(20, ARM, [0.3, 0.4]), 2.0) is News.LEAD
    assert (readings.jumps, readings.stamp_ns) == (1, 20 * MS)
    assert readings.position[:2] == [0.3, 0.4]
    assert readings.silent_since(0.0) == ('g',)


def test_a_message_that_was_overtaken_is_no_news_and_no_jump() -> None:
    """A second publisher of the same joints lags a little behind the driver."""
    readings = JointReadings(ARM)
    readings.take(sample(1000, ARM, [0.1, 0.2]), 1.0)
    assert readings.take(sample(995, ARM, [9.0, 9.0]), 1.0) is News.NONE
    assert (readings.position, readings.jumps) == ([0.1, 0.2], 0)


def test_sources_on_clocks_of_their_own_are_no_jump() -> None:
    readings = JointReadings(('a', 'b', 'g'))
    for at in range(1, 20):
        readings.take(sample(50_000 + at, ARM, [0.1, 0.2]), 1.0)
        readings.take(sample(10 + at, GRIPPER, [0.1]), 1.0)
    assert readings.jumps == 0
    assert readings.stamp_ns == 50_019 * MS


@given(st.lists(st.floats(-3.0, 3.0), max_size=60), st.floats(-9.0, 9.0))
def test_a_continuous_joint_that_the_driver_wraps_goes_on(moves, start) -> None:
    readings = JointReadings(('hinge', 'wheel'), (False, True))
    path = start + np.cumsum([0.0, *moves])
    told = wrapped(path)
    for at, (true, seen) in enumerate(zip(path, told, strict=True), 1):
        readings.take(sample(at, readings.joints, [true, seen]), 1.0)
        assert readings.position[0] == true, 'a hinge is not unwrapped'
        assert readings.position[1] == pytest.approx(told[0] + true - path[0], abs=1e-9)
    rows = np.stack([path, told], 1)
    np.testing.assert_allclose(unwrapped(rows, (False, True)),
                               np.stack([path, told[0] + path - path[0]], 1), atol=1e-9)


def test_a_driver_that_counts_turns_is_left_alone() -> None:
    readings = JointReadings(('wheel',), (True,))
    for at in range(1, 200):
        readings.take(sample(at, ('wheel',), [0.1 * at]), 1.0)
    assert readings.position[0] == pytest.approx(19.9)


def test_a_difference_is_taken_the_shorter_way_round() -> None:
    moved = near_side(np.array([[-3.1 - 3.1, -3.1 - 3.1], [0.5, 0.5]]), (True, False))
    np.testing.assert_allclose(moved, [[math.tau - 6.2, -6.2], [0.5, 0.5]])
