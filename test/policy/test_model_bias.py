"""The steady part of an error, told from what happens once and from what seldom moves."""

import numpy as np
import pytest

from abm_ros.common.errors import ConfigError
from abm_ros.policy.model_bias import BiasConfig, BiasEstimator

ACTION = np.ones(3, np.float32)


def live(offset: BiasEstimator, errors: list[list[float]], way: list[float] | None = None,
         action: np.ndarray = ACTION) -> np.ndarray | float:
    """Predict with such errors while what goals are about goes such ways, 1 unless told."""
    place = np.zeros(2, np.float32)
    for error, step in zip(errors, way or [1.0] * len(errors), strict=True):
        offset.expect(np.negative(error).astype(np.float32), place, action)
        offset.observe(np.zeros(2, np.float32))
        place = place + np.array([0.6 * step, 0.8 * step], np.float32)
    offset.expect(np.zeros(2, np.float32), place, action)
    return offset.estimate()


def test_a_steady_error_is_found_and_a_single_one_is_none() -> None:
    found = live(BiasEstimator(BiasConfig()), [[0.5, 0.0]] * 4 + [[0.5, 9.0]])
    np.testing.assert_allclose(found, [0.5, 0.0])
    assert found.dtype == np.float32


def test_little_is_known_at_first_and_only_the_newest_errors_count() -> None:
    offset = BiasEstimator(BiasConfig())
    assert live(offset, [[1.0, 1.0]] * 2) == 0.0
    np.testing.assert_allclose(live(offset, [[-1.0, 2.0]] * BiasConfig().bias_window), [-1.0, 2.0])


@pytest.mark.parametrize('moves', [0, 1, 2])
def test_nothing_is_allowed_for_where_goals_are_about_what_seldom_moves(moves: int) -> None:
    """It moves in so many of 4 steps: of an even motion there is as large a share."""
    way = [1.0] * moves + [0.0] * (4 - moves)
    assert live(BiasEstimator(BiasConfig()), [[0.5, 0.5]] * 40, way * 10) == 0.0


def test_standing_still_says_nothing_of_what_moves() -> None:
    offset = BiasEstimator(BiasConfig())
    live(offset, [[0.0, 0.0]] * 10)
    offset.reset()
    live(offset, [[0.0, 0.0]] * 90, [0.0] * 90, np.zeros(3, np.float32))
    offset.reset()
    np.testing.assert_allclose(live(offset, [[0.5, 0.5]] * 5), [0.5, 0.5])


def test_an_episode_or_a_model_that_begins_is_compared_with_nothing() -> None:
    offset = BiasEstimator(BiasConfig())
    live(offset, [[1.0, 1.0]] * 4)
    offset.forget()
    offset.observe(np.full(2, 50.0, np.float32))      # expected by another model
    assert offset.estimate() == pytest.approx([1.0, 1.0])
    offset.reset()
    assert offset.estimate() == 0.0
    for _ in range(3):
        offset.expect(np.zeros(2, np.float32), np.full(2, 99.0, np.float32), ACTION)
        offset.reset()      # nothing went 99 far
        assert live(offset, [[1.0, 1.0]] * 4) == pytest.approx([1.0, 1.0])
        offset.reset()


def test_bounds_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ConfigError, match='bias_still'):
        BiasConfig(bias_still=0.6, bias_moving=0.6)
