"""The steady part of an error, told from what happens once and from what seldom moves."""

import numpy as np
import pytest

from abm_ros.core.offset import WINDOW, Offset

ACTION = np.ones(3, np.float32)


def live(offset: Offset, errors: list[list[float]], steps: list[list[float]] | None = None,
         action: np.ndarray = ACTION) -> np.ndarray | float:
    """Take steps (1, 1) unless told, whose prediction errs so."""
    for error, step in zip(errors, steps or [[1.0, 1.0]] * len(errors), strict=True):
        latent = np.array(step, np.float32)
        offset.expect(np.zeros(2, np.float32), action, latent - np.array(error, np.float32))
        offset.observe(latent)
    return offset.estimate()


def test_a_steady_error_is_found_and_a_single_one_is_none() -> None:
    found = live(Offset(), [[0.5, 0.0]] * 4 + [[0.5, 9.0]])
    np.testing.assert_allclose(found, [0.5, 0.0])
    assert found.dtype == np.float32


def test_little_is_known_at_first_and_only_the_newest_errors_count() -> None:
    offset = Offset()
    assert live(offset, [[1.0, 1.0]] * 2) == 0.0
    np.testing.assert_allclose(live(offset, [[-1.0, 2.0]] * WINDOW), [-1.0, 2.0])


def test_what_moves_only_now_and_then_has_no_steady_error() -> None:
    """The second number moves in a fifth of the steps: of an even motion there is 0.2."""
    offset = Offset()
    live(offset, [[0.0, 0.0]] * 40, [[1.0, 0.0]] * 40)
    found = live(offset, [[0.5, 0.5]] * 10)
    np.testing.assert_allclose(found, [0.5, 0.0])


def test_standing_still_says_nothing_of_what_moves() -> None:
    offset = Offset()
    live(offset, [[0.0, 0.0]] * 10)
    live(offset, [[0.0, 0.0]] * 90, [[0.0, 0.0]] * 90, np.zeros(3, np.float32))
    np.testing.assert_allclose(live(offset, [[0.5, 0.5]] * 5), [0.5, 0.5])


def test_an_episode_or_a_model_that_begins_is_compared_with_nothing() -> None:
    offset = Offset()
    live(offset, [[1.0, 1.0]] * 4)
    offset.expect(np.zeros(2, np.float32), ACTION, np.ones(2, np.float32))
    offset.forget()
    offset.observe(np.full(2, 50.0, np.float32))      # expected by another model
    assert offset.estimate() == pytest.approx([1.0, 1.0])
    offset.reset()
    assert offset.estimate() == 0.0
