"""What is told of the gain of consolidation."""

from math import isnan, nan

import pytest

from abm_ros.memory.progress import SPAN, Progress


def gain_of(losses: list[float]) -> float:
    progress = Progress()
    for loss in losses:
        progress.take(loss)
    return progress.gain


def test_the_gain_is_the_relative_fall_between_the_last_two_spans() -> None:
    assert gain_of([2.0] * SPAN + [1.5] * SPAN) == pytest.approx(0.25)
    assert gain_of([9.0] * SPAN + [2.0] * SPAN + [1.5] * SPAN) == pytest.approx(0.25)
    assert gain_of([1.0] * (2 * SPAN)) == 0.0
    assert gain_of([1.0] * SPAN + [2.0] * SPAN) == 0.0


def test_nothing_is_told_before_there_is_enough_and_what_is_unknown_does_not_count() -> None:
    assert isnan(gain_of([1.0] * (2 * SPAN - 1) + [nan] * 5))
    progress = Progress()
    for _ in range(2 * SPAN):
        progress.take(1.0)
    progress.begin()
    assert isnan(progress.gain)
