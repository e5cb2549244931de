"""What repeats another proves little, and a place that is new to the robot nothing of readings."""

import numpy as np
import pytest

from abm_ros.world_model.worlds.repeats import RECENT_PLACES, Places, Repeats


def test_an_action_that_repeats_one_of_the_last_proves_a_fifth() -> None:
    repeats = Repeats(0.15, 3)
    first, other = np.array([0.5, -0.5]), np.array([-0.5, 0.5])
    assert repeats.news(first).tolist() == [1.0] * 4
    assert repeats.news(other) == pytest.approx([1.0] * 4, abs=1e-3)
    # Since 0 or 1 others it is new; one that was 2 before is the same.
    assert repeats.news(first) == pytest.approx([1.0, 1.0, 0.2, 0.2], abs=1e-3)
    for value in (0.0, 1.0, -1.0):
        repeats.news(np.full(2, value))
    assert repeats.news(first) == pytest.approx([1.0] * 4, abs=1e-3)      # it is forgotten


def test_a_place_counts_once_it_was_visited_long_before() -> None:
    places, rng = Places(), np.random.default_rng(0)
    here = [places.news(rng.normal(size=7))[0] for _ in range(400)]
    assert max(here[:100]) == 0.0          # nothing was long before
    assert np.mean(here[300:]) > 0.4
    away = [places.news(np.full(7, 4.0) + 0.3 * n)[0] for n in range(5)]
    assert max(away) < 1e-3


def test_of_familiar_places_each_counts_once() -> None:
    places, rng = Places(), np.random.default_rng(1)
    for _ in range(300):
        places.news(rng.normal(size=7))
    places.news(np.zeros(7))
    again = places.news(np.zeros(7))
    assert again.shape == (RECENT_PLACES + 1,)
    assert again[1] == pytest.approx(0.2 * again[0])
