"""Sensor fusion: joints by name, velocities by difference, episodes, and what is waited for."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm_ros.common.errors import SpecError
from abm_ros.robot.description import BodyTag, ChannelField, JointLimits
from abm_ros.robot.fusion import SensorFusion
from abm_ros.robot.joint_readings import JointSample
from abm_ros.robot.layout import layout_for

ARM = JointLimits(('a', 'b'), -np.ones(2), np.ones(2), np.ones(2), np.ones(2))
NONE = np.empty(0)
PERIOD = 50_000_000


def arm_layout(horizon: int = 5, tag: BodyTag | None = None):
    return layout_for(ARM, tag, goal_tolerance=0.05, horizon=horizon, control_period_s=0.05)


def robot(horizon: int = 5) -> SensorFusion:
    """A robot without tool pose: the tool is computed, here as (a, b, 1)."""
    return SensorFusion(arm_layout(horizon), lambda q: np.array([q[0], q[1], 1.0]))


def sample(index: int, names=('a', 'b'), position=(0.1, 0.2), velocity=(), episode='',
           step=-1) -> JointSample:
    return JointSample(index * PERIOD, tuple(names), np.array(position, float),
                       np.array(velocity, float), episode, step)


@given(st.permutations(['a', 'b', 'x', 'y']))
def test_joints_are_mapped_by_name_whatever_their_order(order) -> None:
    values = {'a': 0.1, 'b': 0.2, 'x': 8.0, 'y': 9.0}
    speeds = {'a': 1.0, 'b': 2.0, 'x': 0.0, 'y': 0.0}
    seen = robot().joints(sample(1, order, [values[n] for n in order],
                                 [speeds[n] for n in order]))
    np.testing.assert_allclose(seen.vector, [0.1, 0.2, 1.0, 2.0, 0.1, 0.2, 1.0], rtol=1e-6)


def test_positions_are_angles_where_no_joint_slides() -> None:
    for limits in (ARM, replace(ARM, turns=False)):
        layout = layout_for(limits, None, goal_tolerance=0.05, horizon=5, control_period_s=0.05)
        assert [f.angles for f in layout.spec.fields] == [limits.turns, False, False]


def test_the_order_may_change_between_two_messages() -> None:
    fusion = robot()
    fusion.joints(sample(1))
    seen = fusion.joints(sample(2, ('b', 'a'), (0.3, 0.4)))
    np.testing.assert_allclose(seen.vector[:2], [0.4, 0.3], rtol=1e-6)


def test_missing_velocities_are_differences() -> None:
    fusion = robot()
    first = fusion.joints(sample(1, position=(0.0, 0.0)))
    second = fusion.joints(sample(3, position=(0.2, -0.1)))
    assert first.vector[2:4].tolist() == [0, 0]
    np.testing.assert_allclose(second.vector[2:4], [2.0, -1.0], rtol=1e-5)   # over 0.1 s


def test_velocities_that_are_not_numbers_count_as_missing() -> None:
    """joint_state_broadcaster writes NaN for interfaces that a joint does not have."""
    fusion = robot()
    fusion.joints(sample(1, position=(0.0, 0.0), velocity=(np.nan, np.nan)))
    seen = fusion.joints(sample(3, position=(0.2, -0.1), velocity=(np.nan, np.nan)))
    np.testing.assert_allclose(seen.vector[2:4], [2.0, -1.0], rtol=1e-5)


def test_time_that_stands_still_or_runs_back_gives_no_infinite_velocity() -> None:
    fusion = robot()
    assert fusion.joints(sample(2)) is not None
    assert fusion.joints(sample(2, position=(9, 9))) is None
    seen = fusion.joints(sample(1, position=(0.5, 0.5)))
    assert seen is None or np.isfinite(seen.vector).all()


@pytest.mark.parametrize(('bad', 'says'), [
    (sample(1, position=(0.1,)), 'carries'), (sample(1, position=(np.nan, 0.0)), 'NaN'),
    (sample(1, position=(np.inf, 0.0)), 'NaN')])
def test_a_bad_joint_state_is_refused_and_forgotten(bad, says) -> None:
    fusion = robot()
    with pytest.raises(SpecError, match=says):
        fusion.joints(bad)
    seen = fusion.joints(sample(2))
    assert seen is not None
    assert seen.step == 0


@pytest.mark.parametrize(('names', 'silent'), [(('a',), ('b',)), ((), ('a', 'b'))])
def test_a_robot_that_does_not_show_all_joints_is_not_observed_and_told_by_name(names, silent
                                                                                ) -> None:
    fusion = robot()
    assert fusion.joints(sample(1, names, [0.1] * len(names))) is None
    assert fusion.give_up_waiting() is None
    assert fusion.silent(0.3) == silent
    fusion.joints(sample(2))
    assert fusion.silent(0.2) == ()
    assert fusion.silent(0.61) == ('a', 'b')        # after half a second


def at(ms: float, names, position, velocity=()) -> JointSample:
    return JointSample(round(ms * 1e6), tuple(names), position, velocity)


def lived(fusion: SensorFusion, samples):
    return [seen for one in samples if (seen := fusion.joints(one)) is not None]


def test_an_arm_and_its_gripper_make_one_observation_per_period() -> None:
    """The arm shows itself at 100 Hz, the gripper at 10 Hz, and nobody at all in between."""
    layout = layout_for(JointLimits(('a', 'b', 'g'), -np.ones(3), np.ones(3), np.ones(3),
                                    np.ones(3)), None, goal_tolerance=0.05, horizon=99,
                        control_period_s=0.05)
    fusion = SensorFusion(layout, lambda q: np.zeros(3), patience_s=0.02)
    stream = []
    for ms in range(10, 2010, 10):
        stream += [at(ms, ('a', 'b'), (0.001 * ms, 1.0), (1.0, 0.0)), at(ms, (), ())]
        if ms % 100 == 10:
            stream.append(at(ms + 3, ('g',), (0.0005 * (ms + 3),)))
    seen = lived(fusion, stream)
    assert np.diff([s.stamp_ns for s in seen[1:]]).tolist() == [50_000_000] * (len(seen) - 2)
    assert len(seen) == 40
    for one in seen[3:]:
        ms = one.stamp_ns * 1e-6
        assert one.vector[0] == pytest.approx(0.001 * ms, rel=1e-5)
        assert one.vector[2] == pytest.approx(0.0005 * ms, abs=0.05)    # of the last 100 ms
        # Told of the arm; of the gripper the differences of what was told, with its own times.
        np.testing.assert_allclose(one.vector[3:6], [1.0, 0.0, 0.5], rtol=1e-4)


def test_joints_that_are_about_to_come_are_waited_for() -> None:
    """A driver with a message for each joint: an observation is of one time, not of two."""
    fusion = SensorFusion(arm_layout(99), lambda q: np.zeros(3), patience_s=0.02)
    seen = []
    for step in range(1, 20):
        for late, name in enumerate('ab'):
            seen += lived(fusion, [at(50 * step + late, name, (0.1 * step,))])
    for one in seen[2:]:
        assert one.vector[0] == one.vector[1], 'half of it is of the period before'
    assert len(seen) == 19


WHEEL = JointLimits(('a', 'w'), np.array([-9.0, -np.inf]), np.array([9.0, np.inf]), np.ones(2),
                    np.ones(2))


def test_a_wrapped_joint_goes_on_within_an_episode_and_begins_each_within_half_a_turn() -> None:
    layout = layout_for(WHEEL, None, goal_tolerance=0.05, horizon=30, control_period_s=0.05)
    fusion = SensorFusion(layout, lambda q: np.zeros(3))
    angles = 3.0 + 0.2 * np.arange(120)                  # 4 rad/s
    seen = [fusion.joints(sample(i + 1, ('a', 'w'), (angle, np.arctan2(np.sin(angle),
                                                                       np.cos(angle)))))
            for i, angle in enumerate(angles)]
    told = np.array([s.vector for s in seen])
    np.testing.assert_allclose(told[1:, 2:4], 4.0, rtol=1e-4)       # both velocities, throughout
    for before, after in pairwise(seen):
        if after.step:
            assert after.vector[1] - before.vector[1] == pytest.approx(0.2, abs=1e-4)
    begun = [s for s in seen if s.step == 0]
    assert len(begun) == 4
    assert all(abs(s.vector[1]) <= np.pi + 1e-6 for s in begun)
    np.testing.assert_allclose(told[:, 0], angles, rtol=1e-6)        # a hinge is left alone


def test_a_clock_that_is_set_back_begins_an_episode_and_all_goes_on() -> None:
    fusion = SensorFusion(arm_layout(99), None)
    fusion.goal(100 * PERIOD, np.ones(3))
    before = []
    for i in (100, 101, 102):
        fusion.tool(i * PERIOD, np.full(3, 0.5))
        before.append(fusion.joints(sample(i, position=(0.01 * i, 0.0))))
    assert [(s.episode, s.step) for s in before] == [(0, 0), (0, 1), (0, 2)]
    assert fusion.joints(sample(1, position=(9.0, 0.0))) is None, 'with the tool of before'
    after = [fusion.tool(PERIOD, np.zeros(3))]
    for i in (2, 3):
        fusion.tool(i * PERIOD, np.zeros(3))
        after.append(fusion.joints(sample(i, position=(9.0, 0.0))))
    first = before[-1].episode + 1
    assert [(s.episode, s.step, s.whole) for s in after] == [
        (first, 0, True), (first, 1, True), (first, 2, True)]
    assert [s.stamp_ns for s in after] == [PERIOD, 2 * PERIOD, 3 * PERIOD]
    assert all((s.vector[2:7] == 0).all() for s in after), 'no velocity across the jump'
    assert after[0].goal.tolist() == [1, 1, 1]


def test_a_silence_ends_an_episode_of_a_robot() -> None:
    fusion = robot(horizon=99)
    seen = [fusion.joints(sample(i)) for i in (1, 2, 3, 24, 25)]
    assert [(s.episode, s.step) for s in seen] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]


def test_bad_readings_of_goal_and_tool_are_refused() -> None:
    with pytest.raises(SpecError, match='goal'):
        robot().goal(1, np.array([np.nan, 0, 0]))
    with pytest.raises(SpecError, match='tool'):
        robot().tool(1, np.array([np.inf, 0, 0]))


def test_a_robot_counts_episodes_by_horizon_and_by_new_goals() -> None:
    fusion = robot(horizon=2)
    seen = [fusion.joints(sample(i)) for i in range(1, 7)]
    assert [(s.episode, s.step) for s in seen] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert [s.whole for s in seen] == [False] * 3 + [True] * 3
    fusion.goal(7, np.array([1.0, 2.0, 3.0]))
    new = fusion.joints(sample(7))
    assert (new.episode, new.step, new.whole) == (2, 0, True)
    assert new.goal.tolist() == [1, 2, 3]


def test_without_a_goal_to_stay_where_the_episode_began_is_the_goal() -> None:
    fusion = robot(horizon=2)
    seen = [fusion.joints(sample(i, position=(0.1 * i, 0.2))) for i in range(1, 6)]
    np.testing.assert_allclose([s.goal[0] for s in seen], [0.1, 0.1, 0.1, 0.4, 0.4], rtol=1e-6)


def test_a_pose_goal_longer_than_the_goal_is_cut_and_a_shorter_one_refused() -> None:
    fusion = robot()
    fusion.goal(1, np.arange(7.0))
    assert fusion.joints(sample(1)).goal.tolist() == [0, 1, 2]
    fusion.goal(2, np.array([1.0]))
    with pytest.raises(SpecError, match='task/goal'):
        fusion.joints(sample(2))


def test_a_simulated_bodys_own_episodes_count() -> None:
    fusion = SensorFusion(arm_layout(), None)
    fusion.goal(PERIOD, np.zeros(3))
    fusion.tool(PERIOD, np.zeros(3))
    joined_late = fusion.joints(sample(1, episode='4', step=7))
    assert (joined_late.episode, joined_late.step, joined_late.whole) == (0, 0, False)
    fusion.tool(2 * PERIOD, np.ones(3))
    fusion.goal(2 * PERIOD, np.ones(3))
    begun = fusion.joints(sample(2, episode='5', step=0))
    assert (begun.episode, begun.step, begun.whole) == (1, 0, True)
    assert begun.goal.tolist() == [1, 1, 1]


def test_an_observation_waits_for_the_tool_that_belongs_to_it() -> None:
    fusion = SensorFusion(arm_layout(), None)
    assert fusion.joints(sample(1)) is None
    assert fusion.tool(PERIOD - 1, np.zeros(3)) is None
    seen = fusion.tool(PERIOD, np.array([0.0, 0.0, 0.5]))
    assert seen.stamp_ns == PERIOD
    assert seen.vector[-1] == pytest.approx(0.5)
    assert fusion.joints(sample(2)) is None
    assert fusion.give_up_waiting().vector[-1] == pytest.approx(0.5)   # the old one is better
    assert fusion.give_up_waiting() is None


def test_a_new_episode_waits_for_its_goal_and_the_last_state_keeps_the_old() -> None:
    fusion = SensorFusion(arm_layout(), lambda q: np.zeros(3))
    fusion.goal(PERIOD, np.zeros(3))
    assert fusion.joints(sample(1, episode='0', step=0)).goal.tolist() == [0, 0, 0]
    assert fusion.joints(sample(2, episode='0', step=1)).goal.tolist() == [0, 0, 0]
    assert fusion.joints(sample(3, episode='1', step=0)) is None
    seen = fusion.goal(3 * PERIOD, np.ones(3))
    assert (seen.goal.tolist(), seen.step, seen.episode) == ([1, 1, 1], 0, 1)


def test_channels_make_the_observation_of_a_body_without_joints() -> None:
    tag = BodyTag(0.1, 50, 0.04, 'achieved_goal', (
        ChannelField('observation', 'o.', 2), ChannelField('achieved_goal', 'g.', 1),
        ChannelField('desired_goal', 'd.', 1)))
    layout = arm_layout(tag=tag)
    assert [(f.name, f.size) for f in layout.spec.fields] == [
        ('observation', 2), ('achieved_goal', 1)]
    spec = layout.spec
    assert (spec.goal_tolerance, spec.horizon, spec.action_size) == (0.1, 50, 2)
    seen = SensorFusion(layout, None).joints(sample(
        1, ('d.0', 'g.0', 'o.1', 'o.0'), (4.0, 3.0, 2.0, 1.0), episode='0', step=0))
    assert seen.vector.tolist() == [1, 2, 3]
    assert seen.goal.tolist() == [4]


def test_an_arm_with_an_object_observes_it_after_its_own_joints() -> None:
    tag = BodyTag(0.1, 50, 0.05, 'object', (ChannelField('object', 'object.', 3),))
    layout = arm_layout(tag=tag)
    assert [f.name for f in layout.spec.fields] == [
        'joint_position', 'joint_velocity', 'tool_position', 'object']
    assert layout.spec.goal_slice == slice(7, 10)


SEEING = BodyTag(0.05, 50, 0.05, 'far', (ChannelField('far', 'far.', 1, hidden=True),
                                         ChannelField('desired_goal', 'd.', 1)),
                 ('joint_position',), 4)


def far(index: int) -> JointSample:
    return sample(index, ('d.0', 'a', 'far.0', 'b'), (0.0, 0.1, 0.7, 0.2), episode='0', step=index)


def test_an_observation_waits_for_the_image_of_its_stamp() -> None:
    layout = arm_layout(tag=SEEING)
    assert [(f.name, f.size, f.hidden) for f in layout.spec.fields] == [
        ('joint_position', 2, False), ('far', 1, True), ('camera', 48, False)]
    fusion = SensorFusion(layout, None)
    assert not fusion.waits_for_tool
    assert fusion.joints(far(0)) is None
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[0, 1] = (255, 51, 0)                       # red 1, green 0.2
    seen = fusion.image(0, pixels)
    np.testing.assert_allclose(seen.vector[:3], [0.1, 0.2, 0.7], rtol=1e-6)
    picture = seen.vector[layout.spec.slice_of('camera')].reshape(3, 4, 4)
    assert picture[0, 0, 1] == 1.0
    assert picture[1, 0, 1] == np.float32(0.2)
    assert picture.sum() == np.float32(1.2)
    assert seen.goal.tolist() == [0.0]
    assert fusion.joints(far(1)) is None              # the image is older
    assert fusion.give_up_waiting().step == 1         # but better than none


def test_a_large_image_is_averaged_down_and_another_thing_is_refused() -> None:
    fusion = SensorFusion(arm_layout(tag=SEEING), None)
    fusion.joints(far(0))
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[0, 0] = 200                                # a quarter of the first of 4 x 4 pixels
    assert fusion.image(0, pixels).vector[3] == np.float32(50 / 255)
    for wrong in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3))):
        with pytest.raises(SpecError, match='camera image'):
            fusion.image(1, wrong)


def test_an_unknown_sense_is_refused() -> None:
    with pytest.raises(SpecError, match="'smell'"):
        arm_layout(tag=BodyTag(0.1, 50, 0.05, 'g', (ChannelField('g', 'g.', 1),), ('smell',)))


def told_robot(success: str) -> SensorFusion:
    layout = layout_for(ARM, None, goal_tolerance=0.05, horizon=5, control_period_s=0.05,
                        told=success == 'told')
    return SensorFusion(layout, lambda q: np.array([q[0], q[1], 1.0]))


def test_what_the_task_tells_belongs_to_the_next_observation() -> None:
    fusion = told_robot('goal')
    fusion.joints(sample(1))
    fusion.success(True)
    fusion.reward(2.0)
    second = fusion.joints(sample(2))
    assert (second.success, second.reward) == (True, 2.0)
    fusion.success(False)
    third = fusion.joints(sample(3))
    assert (third.success, third.reward) == (False, 0.0)


def test_where_only_what_is_told_counts_silence_is_no_success() -> None:
    for kind, expected in (('goal', None), ('told', False)):
        fusion = told_robot(kind)
        assert [fusion.joints(sample(n)).success for n in (1, 2, 3)] == [expected] * 3


def test_a_body_tells_in_its_joint_state_and_knows_best() -> None:
    tag = BodyTag(0.05, 50, 0.05, 'tool_position')
    fusion = SensorFusion(arm_layout(tag=tag), lambda q: np.array([q[0], q[1], 1.0]))
    fusion.goal(PERIOD, np.zeros(3))
    fusion.joints(sample(1, episode='0', step=0))
    fusion.success(False)
    seen = fusion.joints(sample(2, ('a', 'b', 'task_success.0', 'task_reward.0'),
                                (0.1, 0.2, 1.0, -3.0), episode='0', step=1))
    assert (seen.success, seen.reward) == (True, -3.0)
    assert fusion.joints(sample(3, episode='0', step=2)).success is False    # as was told before
