"""Corrections: what is refused, and that none carries a joint beyond its limits."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm_ros.common.errors import SpecError
from abm_ros.robot.correction import read_correction, towards
from abm_ros.robot.description import JointLimits
from abm_ros.robot.motor_guard import MotorConfig, MotorGuard

LOWER, UPPER = np.array([-1.0, 0.0, -2.5]), np.array([1.0, 0.3, 2.5])
VELOCITY = np.array([2.0, 0.5, 4.0])
LIMITS = JointLimits(('a', 'b', 'c'), LOWER, UPPER, VELOCITY, np.ones(3))
PERIOD_S = 0.05
ABSURD = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3)
INSIDE = st.tuples(st.floats(-0.9, 0.9), st.floats(0.03, 0.27), st.floats(-2.4, 2.4))


def test_joints_may_be_named_in_any_order() -> None:
    told = read_correction('ann', ('c', 'a', 'b'), (3.0, 1.0, 2.0), ('a', 'b', 'c'))
    assert told == ('ann', (1.0, 2.0, 3.0))


@pytest.mark.parametrize(('teacher', 'named', 'position', 'says'), [
    ('', 'abc', (0, 0, 0), 'teacher: expected a name'),
    ('ann', 'abd', (0, 0, 0), 'expected the joints a, b, c, got a, b, d'),
    ('ann', 'ab', (0, 0), 'got a, b'), ('ann', 'aab', (0, 0, 0), 'got a, a, b'),
    ('ann', '', (), 'got none'), ('ann', 'abc', (), '3 positions, .* got 0'),
    ('ann', 'abc', (0, 0, 0, 0), 'got 4'), ('ann', 'abc', (0, math.nan, 0), 'finite'),
    ('ann', 'abc', (0, 0, math.inf), 'finite')])
def test_what_is_no_correction_is_refused_in_a_line(teacher, named, position, says) -> None:
    with pytest.raises(SpecError, match=says) as caught:
        read_correction(teacher, tuple(named), position, ('a', 'b', 'c'))
    assert '\n' not in str(caught.value)


def test_the_action_leads_there_and_an_endless_joint_goes_the_shorter_way() -> None:
    action = towards((0.05, -9.0, 3.1), (0.0, 0.0, -3.1), (0.1, 0.1, 0.1), [2])
    np.testing.assert_allclose(action, [0.5, -1.0, (6.2 - 2 * np.pi) / 0.1])


@settings(max_examples=100)
@given(start=INSIDE, interface=st.sampled_from(('position', 'velocity')),
       wanted=st.lists(ABSURD, min_size=1, max_size=20))
def test_an_absurd_correction_never_leaves_the_limits(start, interface, wanted) -> None:
    guard = MotorGuard(MotorConfig(command_interface=interface), LIMITS)
    here = np.array(start)
    for n, pose in enumerate(wanted):
        guard.measure(here, (), n * PERIOD_S)
        motion = guard.act(guard.towards(pose), n * PERIOD_S)
        before, here = here, (motion.command if interface == 'position' else
                              here + motion.command * PERIOD_S)
        assert (here >= LOWER).all()
        assert (here <= UPPER).all()
        assert (np.abs(here - before) <= VELOCITY * PERIOD_S + 1e-9).all()


@pytest.mark.parametrize('interface', ['position', 'velocity'])
def test_a_correction_that_goes_on_brings_the_arm_there(interface) -> None:
    guard = MotorGuard(MotorConfig(command_interface=interface), LIMITS)
    here, pose = np.zeros(3) + 0.1, np.array([0.6, 0.2, -1.0])
    for n in range(40):
        guard.measure(here, (), n * PERIOD_S)
        motion = guard.act(guard.towards(pose), n * PERIOD_S)
        here = motion.command if interface == 'position' else here + motion.command * PERIOD_S
    np.testing.assert_allclose(here, pose, atol=1e-6)


def test_no_pose_is_reached_by_efforts_nor_from_nowhere() -> None:
    effort = MotorGuard(MotorConfig(command_interface='effort'), LIMITS)
    effort.measure(np.zeros(3), np.zeros(3), 0.0)
    for guard in (effort, MotorGuard(MotorConfig(), LIMITS)):
        with pytest.raises(SpecError, match='no action leads to a pose'):
            guard.towards((0.0, 0.0, 0.0))
