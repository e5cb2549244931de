"""Goals in any frame that the description fixes to the base, with and without stamps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm_ros.common.errors import SpecError
from abm_ros.robot.goal_frames import GoalFrames
from abm_ros.robot.goals import Goals

ANGLE = st.floats(-3.1, 3.1)


def robot(origin: str = '<origin xyz="1 2 3" rpy="0 0 1.5707963267948966"/>') -> str:
    return ('<robot name="r"><link name="base_link"/><link name="table"/><link name="arm"/>'
            f'<joint name="mount" type="fixed"><parent link="base_link"/><child link="table"/>'
            f'{origin}</joint><joint name="turn" type="revolute"><parent link="base_link"/>'
            '<child link="arm"/><limit lower="-1" upper="1" velocity="1"/></joint></robot>')


def pose(*position: float, orientation=(0.0, 0.0, 0.0, 1.0)) -> np.ndarray:
    return np.array([*position, *orientation])


def test_a_goal_in_a_frame_fixed_to_the_base_is_turned_and_moved() -> None:
    """The table lies at 1 2 3 and is turned by a quarter: its x is the base's y."""
    frames = GoalFrames(robot())
    np.testing.assert_allclose(frames.in_base('table', pose(0.5, 0.0, 0.1))[:3], [1.0, 2.5, 3.1])
    np.testing.assert_allclose(frames.in_base('table', pose(0.0, 0.0, 0.0))[3:],
                               [0, 0, np.sqrt(0.5), np.sqrt(0.5)], atol=1e-12)
    for base in ('', 'base_link', '/base_link'):
        assert frames.in_base(base, pose(0.5, 0.0, 0.1)).tolist() == pose(0.5, 0.0, 0.1).tolist()


@given(ANGLE, ANGLE, ANGLE, st.tuples(ANGLE, ANGLE, ANGLE))
def test_orientations_turn_as_their_frames_do(roll, pitch, yaw, axis) -> None:
    """A point given in a turned tool's frame lands where both turns, one by one, put it."""
    def about(x, y, z):
        def turn(angle, i, j):
            matrix = np.eye(3)
            matrix[[i, j], [i, j]] = np.cos(angle)
            matrix[i, j], matrix[j, i] = -np.sin(angle), np.sin(angle)
            return matrix
        return turn(z, 0, 1) @ turn(y, 2, 0) @ turn(x, 1, 2)

    def of_quaternion(q):
        (x, y, z), w = q[:3], q[3]
        cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        return np.eye(3) + 2 * w * cross + 2 * cross @ cross
    half = np.array(axis) / 2
    size = np.linalg.norm(half)
    given_q = np.array([*(half * np.sinc(size / np.pi)), np.cos(size)])
    frames = GoalFrames(robot(f'<origin rpy="{roll} {pitch} {yaw}"/>'))
    turned = frames.in_base('table', pose(0.0, 0.0, 0.0, orientation=given_q))[3:]
    assert np.linalg.norm(turned) == pytest.approx(1.0)
    np.testing.assert_allclose(of_quaternion(turned),
                               about(roll, pitch, yaw) @ of_quaternion(given_q), atol=1e-9)


@pytest.mark.parametrize('frame', ['map', 'arm'])
def test_another_frame_is_refused_by_name_with_those_there_are(frame) -> None:
    with pytest.raises(SpecError, match=rf"'{frame}'.*expected base_link, table or no frame"):
        GoalFrames(robot()).in_base(frame, pose(0.0, 0.0, 0.0))


def test_the_frame_of_the_tool_poses_is_the_bases_where_nobody_describes_it() -> None:
    goals = Goals()
    goals.describe(GoalFrames(robot(), ('base',)))
    assert goals.take('base', pose(1.0, 0.0, 0.0), 5, 5)
    with pytest.raises(SpecError, match='world'):
        goals.take('world', pose(2.0, 0.0, 0.0), 6, 6)
    assert goals.newest[1][0] == 1.0, 'the one before stays in force'
    assert goals.tool_position('world', np.array([0.1, 0.2, 0.3])).tolist() == [0.1, 0.2, 0.3]
    assert goals.newest[1][0] == 2.0, 'known now'
    np.testing.assert_allclose(goals.tool_position('table', np.zeros(3)), [1, 2, 3])
    assert goals.refused == 1


def test_a_goal_may_come_before_the_description() -> None:
    goals = Goals()
    assert not goals.take('table', pose(0.0, 0.0, 0.0), 5, 5)
    assert goals.newest is None
    goals.describe(GoalFrames(robot()))
    assert goals.newest[0] == 5
    np.testing.assert_allclose(goals.newest[1][:3], [1, 2, 3])


def test_every_goal_without_a_stamp_is_a_new_one() -> None:
    goals = Goals()
    goals.describe(GoalFrames(robot()))
    stamps = []
    for arrival in (100, 200, 300):
        assert goals.take('', pose(1.0, 0.0, 0.0), 0, arrival)
        stamps.append(goals.newest[0])
    assert stamps == [100, 200, 300]
    goals.reactivate()
    assert not goals.take('', pose(1.0, 0.0, 0.0), 0, 400), 'what is latched is told again'
    assert goals.take('', pose(1.0, 0.0, 0.0), 0, 500)
    goals.reactivate()
    assert goals.take('', pose(2.0, 0.0, 0.0), 0, 600)
