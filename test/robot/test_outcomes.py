"""What a button, a detector and a rewarder tell, and of which observation."""

import math

import pytest

from abm_ros.common.errors import NonFiniteError
from abm_ros.robot.outcomes import Outcomes, in_channels

PERIOD_S = 0.05


def test_nothing_is_told_of_what_nobody_told() -> None:
    success, reward = Outcomes(0.2).told(1.0, begins=False)
    assert success is None
    assert math.isnan(reward)


def test_a_button_that_is_pressed_and_let_go_between_two_observations_counts_once() -> None:
    outcomes = Outcomes(0.2)
    outcomes.success(True, 1.0)
    outcomes.success(False, 1.0)
    assert outcomes.told(1.0 + PERIOD_S, begins=False)[0] is True
    assert outcomes.told(1.0 + 2 * PERIOD_S, begins=False)[0] is False


def test_what_is_told_holds_for_some_time() -> None:
    """So that a detector may be slower than the control loop; then nothing is known again."""
    for told in (True, False):
        outcomes = Outcomes(0.2)
        outcomes.success(told, 1.0)
        found = [outcomes.told(1.0 + n * PERIOD_S, begins=False)[0] for n in range(1, 7)]
        assert found == [told] * 4 + [None] * 2


def test_nothing_of_an_episode_is_told_of_the_next_one() -> None:
    outcomes = Outcomes(10.0)
    outcomes.success(True, 1.0)
    outcomes.reward(1.0)
    assert outcomes.told(1.05, begins=True)[0] is None
    success, reward = outcomes.told(1.1, begins=False)
    assert success is None
    assert reward == 0.0


def test_rewards_of_a_step_are_added_up() -> None:
    outcomes = Outcomes(0.2)
    assert math.isnan(outcomes.told(1.0, begins=False)[1])
    outcomes.reward(1.5)
    outcomes.reward(-0.25)
    assert outcomes.told(1.05, begins=False)[1] == 1.25
    assert outcomes.told(1.10, begins=False)[1] == 0.0


@pytest.mark.parametrize('value', [math.nan, math.inf])
def test_a_reward_that_is_no_number_is_refused(value: float) -> None:
    outcomes = Outcomes(0.2)
    with pytest.raises(NonFiniteError, match='task/reward'):
        outcomes.reward(value)
    assert math.isnan(outcomes.told(1.05, begins=False)[1])


def test_a_simulated_body_tells_beside_its_joints() -> None:
    assert in_channels(('a', 'task_success.0'), (7.0, 1.0))[0] is True
    success, reward = in_channels(('task_reward.0', 'task_success.0'), (-0.5, 0.0))
    assert (success, reward) == (False, -0.5)
    success, reward = in_channels(('a', 'b'), (1.0, 1.0))
    assert success is None
    assert math.isnan(reward)
