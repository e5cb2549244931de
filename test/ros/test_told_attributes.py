"""What the task told, on its way with observations and latents."""

import math

import numpy as np
import pytest

pytest.importorskip('rclpy')

from abm_ros.common.errors import SpecError
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Observation
from abm_ros.ros.observation_codec import ObservationWriter, decode_observation, told_of

SPEC = ObservationSpec((FieldSpec('goal', 2),), 'goal', 0.1, 2, 0.05, 50)


@pytest.mark.parametrize('success', [None, True, False])
@pytest.mark.parametrize('reward', [math.nan, 0.0, -1 / 3])
def test_what_the_task_told_comes_with_the_observation(success, reward) -> None:
    given = Observation(7, np.ones(2, np.float32), np.zeros(2, np.float32), 3, 4, True, success,
                        reward)
    came = decode_observation(ObservationWriter().write(given, SPEC), SPEC)
    assert came.success is success
    np.testing.assert_array_equal(came.reward, reward)
    assert (came.episode, came.step, came.whole) == (3, 4, True)


@pytest.mark.parametrize('text', ['much', 'nan', 'inf', ''])
def test_a_reward_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match='reward'):
        told_of({'reward': text})
