"""The steady part of an error, told from what happens once."""

import numpy as np

from abm_ros.core.offset import WINDOW, Offset


def seen(offset: Offset, errors: list[list[float]]) -> np.ndarray | float:
    for error in errors:
        offset.expect(np.ones(2, np.float32))
        offset.observe(np.ones(2, np.float32) + np.array(error, np.float32))
    return offset.estimate()


def test_a_steady_error_is_found_and_a_single_blow_is_none() -> None:
    found = seen(Offset(), [[0.5, 0.0]] * 4 + [[0.5, 9.0]])
    np.testing.assert_allclose(found, [0.5, 0.0])
    assert found.dtype == np.float32


def test_little_is_known_at_first_and_only_the_newest_errors_count() -> None:
    offset = Offset()
    assert seen(offset, [[1.0, 1.0]] * 2) == 0.0
    np.testing.assert_allclose(seen(offset, [[-1.0, 2.0]] * WINDOW), [-1.0, 2.0])


def test_an_episode_or_a_model_that_begins_is_compared_with_nothing() -> None:
    offset = Offset()
    seen(offset, [[1.0, 1.0]] * 4)
    offset.expect(np.ones(2, np.float32))
    offset.forget()
    offset.observe(np.full(2, 50.0, np.float32))      # expected by another model
    np.testing.assert_allclose(offset.estimate(), [1.0, 1.0])
    offset.reset()
    assert offset.estimate() == 0.0
