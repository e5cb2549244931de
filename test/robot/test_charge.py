"""A battery's charge, told as a share or as per cent."""

import math

import pytest

from abm_ros.robot.charge import Charge


@pytest.mark.parametrize(('told', 'shares', 'says'), [
    ([0.9, 0.5, 0.0, 1.0], [0.9, 0.5, 0.0, 1.0], None),
    ([85.0, 84.0, 1.0, 0.5], [0.85, 0.84, 0.01, 0.005], 0),
    ([0.5, 60.0, 0.5], [0.5, 0.6, 0.005], 1),       # half a per cent, then it was charged
    ([1.02, 0.7], [1.0, 0.7], None),                # a full battery, told as a little more
    ([math.nan, 101.0, -1.0, math.inf, 0.4], [0.25] * 4 + [0.4], None)])
def test_per_cent_is_told_from_shares_and_said_once(told, shares, says) -> None:
    charge, said = Charge(0.25), []
    for index, value in enumerate(told):
        if charge.take(value):
            said.append(index)
        assert charge.share == pytest.approx(shares[index])
    assert said == ([] if says is None else [says])
