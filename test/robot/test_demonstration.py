"""From a joint trajectory to observations, and what is refused of a teacher."""

import numpy as np
import pytest

from abm_ros.common.errors import SpecError
from abm_ros.robot.demonstration import Demonstration, Demonstrator, Retargeting
from abm_ros.robot.description import BodyTag, JointLimits
from abm_ros.robot.layout import layout_for

LIMITS = JointLimits(('a', 'b'), np.array([-2.0, -1.5]), np.array([2.0, 1.5]),
                     np.array([1.0, 1.0]), np.array([1.0, 1.0]))
LENGTHS = np.array([0.6, 0.4])


def tool_of(joints: np.ndarray) -> np.ndarray:
    """Return the tool (3,) of a planar arm of two links."""
    angle = np.cumsum(joints)
    return np.array([LENGTHS @ np.cos(angle), LENGTHS @ np.sin(angle), 0.0])


def demonstrator(*, told: bool = False, tool: bool = True) -> Demonstrator:
    layout = layout_for(LIMITS, BodyTag(0.1, 50, 0.1, 'tool_position', told=told),
                        goal_tolerance=0.1, horizon=50, control_period_s=0.1)
    return Demonstrator(layout, LIMITS, tool_of if tool else None)


def shown(position: list[list[float]], times: list[float], joints: tuple[str, ...] = ('a', 'b'),
          teacher: str = 'ann') -> Demonstration:
    return Demonstration(teacher, joints, np.array(times), np.array(position, float))


def test_a_trajectory_is_sampled_at_the_control_period_in_the_robots_order() -> None:
    seen = demonstrator().observations(
        shown([[0.0, 0.0], [0.1, 0.2], [0.1, 0.4]], [5.0, 5.25, 5.5], ('b', 'a')), -3)
    assert [(one.step, one.last) for one in seen] == [(n, n == 5) for n in range(6)]
    at = np.array([one.vector for one in seen])
    np.testing.assert_allclose(at[:, 0], [0.0, 0.08, 0.16, 0.24, 0.32, 0.4], atol=1e-6)
    np.testing.assert_allclose(at[:, 1], [0.0, 0.04, 0.08, 0.1, 0.1, 0.1], atol=1e-6)
    np.testing.assert_allclose(at[1:, 2], np.diff(at[:, 0]) / 0.1, atol=1e-5)
    np.testing.assert_allclose(at[-1, 4:], tool_of(at[-1, :2]), atol=1e-6)
    # The goal is the outcome.
    assert all(np.array_equal(one.goal, at[-1, 4:]) for one in seen)
    assert {(one.teacher, one.episode, one.success) for one in seen} == {('ann', -3, None)}


def test_where_the_task_tells_success_the_end_is_one() -> None:
    seen = demonstrator(told=True).observations(shown([[0.0, 0.0], [0.9, 0.0]], [0.0, 1.0]), -1)
    won = [bool(one.success) for one in seen]
    assert won[-1]
    assert not any(won[:-1])


@pytest.mark.parametrize(('given', 'text'), [
    (shown([[0, 0], [2.5, 0]], [0, 9]), r'unsafe: a at 2\.\d+, its limits are -2.000 to 2.000'),
    (shown([[0, 0], [1.0, 0]], [0, 0.5]), r'unsafe: a moves at 2.00 per s, its limit is 1.00'),
    (shown([[0, 0], [0, np.nan]], [0, 1]), 'not finite'),
    (shown([[0, 0], [0, 0]], [1, 1]), 'must rise'),
    (shown([[0, 0]], [0]), 'at least 2 points'),
    (shown([[0, 0], [0, 0]], [0, 1], ('a', 'c')), 'lacks b'),
    (shown([[0, 0], [0, 0]], [0, 1e6]), 'it lasts 1e'),
    (shown([[0, 0], [0, 0]], [0, 1], teacher='../x'), 'expected a name'),
])
def test_what_the_robot_could_not_do_is_refused_in_a_line(given: Demonstration, text: str) -> None:
    with pytest.raises(SpecError, match=text) as error:
        demonstrator().observations(given, -1)
    assert '\n' not in str(error.value)


def test_what_a_trajectory_does_not_show_is_named() -> None:
    with pytest.raises(SpecError, match='observes tool_position'):
        demonstrator(tool=False).observations(shown([[0, 0], [0, 0]], [0, 1]), -1)


def test_a_peers_way_is_followed_by_the_own_joints() -> None:
    way = np.array([[0.8, y, 0.0] for y in np.linspace(-0.2, 0.3, 6)])
    joints = Retargeting(LIMITS, tool_of).joints(way, np.array([-0.5, 0.8]))
    np.testing.assert_allclose([tool_of(row) for row in joints], way, atol=1e-3)
    assert (joints >= LIMITS.lower).all()
    assert (joints <= LIMITS.upper).all()
    with pytest.raises(SpecError, match='misses by'):
        Retargeting(LIMITS, tool_of).joints(np.array([[1.5, 0.0, 0.0]]))
