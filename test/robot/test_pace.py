"""Readings at rates as drivers have them, taken once per control period of 50 ms."""

import numpy as np
import pytest

from abm_ros.robot.pace import Pace

MS = 1_000_000
BEGIN_NS = 1_700_000_000_000_000_000


def taken(stamps: list[int], period_s: float = 0.05) -> np.ndarray:
    pace, found = Pace(period_s), []
    for stamp in stamps:
        if pace.is_due(stamp):
            pace.take(stamp)
            found.append(stamp)
    return np.array(found)


@pytest.mark.parametrize('rate_hz', [20.0, 21.0, 30.0, 50.0, 60.0, 100.0, 125.0, 500.0, 1000.0])
def test_the_rate_is_that_of_the_control_period(rate_hz: float) -> None:
    rng = np.random.default_rng(0)
    for jitter in (0.0, 0.2):
        late = jitter * rng.random(round(60 * rate_hz))
        stamps = [BEGIN_NS + round((n + late[n]) / rate_hz * 1e9) for n in range(len(late))]
        found = taken(stamps)
        # 60 s in periods of 50 ms; never further off than half a reading and its jitter.
        assert len(found) == pytest.approx(1200, abs=1)
        off = found - (BEGIN_NS + np.arange(len(found)) * 50 * MS)
        assert np.abs(off).max() <= (0.5 + 2 * jitter) / rate_hz * 1e9 + MS


def test_a_hundred_hertz_are_taken_every_fifth_time() -> None:
    found = taken([BEGIN_NS + n * 10 * MS for n in range(100)])
    assert set(np.diff(found)) == {50 * MS}


def test_a_body_of_the_same_rate_loses_no_step() -> None:
    """Though it is late by up to 12 ms now and then."""
    rng = np.random.default_rng(1)
    stamps = [BEGIN_NS + n * 50 * MS + int(rng.integers(12 * MS)) for n in range(500)]
    assert taken(stamps).tolist() == stamps


def test_slower_readings_are_all_taken() -> None:
    stamps = [BEGIN_NS + n * 80 * MS for n in range(50)]
    assert taken(stamps).tolist() == stamps


def test_after_a_pause_it_goes_on_from_there() -> None:
    stamps = [*range(0, 1000 * MS, 10 * MS), *range(3007 * MS, 4007 * MS, 10 * MS)]
    assert taken(stamps).tolist() == [*range(0, 1000 * MS, 50 * MS),
                                      *range(3007 * MS, 4007 * MS, 50 * MS)]


def test_what_comes_late_is_not_caught_up_with() -> None:
    """An action has half a period at least."""
    assert taken([0, 80 * MS, 100 * MS, 150 * MS, 200 * MS]).tolist() == [
        0, 80 * MS, 150 * MS, 200 * MS]


def test_after_a_clock_that_jumped_back_too() -> None:
    lap = [*range(0, 1000 * MS, 10 * MS)]
    assert taken(lap + lap).tolist() == 2 * [*range(0, 1000 * MS, 50 * MS)]


def test_one_that_is_shown_again_is_still_due() -> None:
    pace = Pace(0.05)
    pace.take(BEGIN_NS)
    for _ in range(2):
        assert pace.is_due(BEGIN_NS + 50 * MS)
