"""The largest value of the last moments."""

import math

from hypothesis import given
from hypothesis import strategies as st

from abm_ros.robot.detect.peak_hold import PeakHold


def test_an_effort_that_is_told_no_more_hurts_no_more() -> None:
    held = PeakHold(0.25, 1.0)
    held.take(0.0, 1.9)
    assert [held.value(t) for t in (0.0, 0.9, 1.0)] == [1.9] * 3    # slow, but not silent
    assert held.value(1.01) == 0.0
    held.take(2.0, 0.5)
    assert held.value(2.0) == 0.5


@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 3.0)), min_size=1, max_size=40),
       st.floats(0.0, 2.0))
def test_the_peak_is_the_largest_of_the_window(steps, window_s) -> None:
    held, taken, now_s = PeakHold(window_s, 1e9), [], 0.0
    for passed_s, value in steps:
        now_s += passed_s
        taken.append((now_s, value))
        held.take(now_s, value)
        held.take(now_s, math.nan)
        assert held.value(now_s) == max(v for t, v in taken if now_s - t <= window_s)
