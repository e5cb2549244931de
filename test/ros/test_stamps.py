"""Stamps to the nanosecond."""

import pytest

pytest.importorskip('rclpy')

from hypothesis import given
from hypothesis import strategies as st

from abm_ros.ros.stamps import ns_to_time, time_to_ns


@given(st.integers(0, 2**31 * 10**9 - 1))
def test_stamps_keep_every_nanosecond(stamp) -> None:
    assert time_to_ns(ns_to_time(stamp)) == stamp
