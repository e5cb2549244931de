"""Whether an episode is played, against shares of events that are known."""

from dataclasses import replace

import numpy as np
import pytest

from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.policy.exploration import Aim, ExplorationConfig, ExplorationSchedule

SPEC = ObservationSpec((FieldSpec('object', 2),), 'object', 0.1, 1, 0.05, 50)
AWAY = np.array([5.0, 5.0])


def schedule(wanted: float, handling: float) -> ExplorationSchedule:
    return ExplorationSchedule(SPEC, np.random.default_rng(0), ExplorationConfig(wanted, handling))


def played(share: float, wanted: float, episodes: int = 400, goal: np.ndarray = AWAY) -> float:
    """Return the share of episodes played where a share of the steps are events."""
    curiosity = schedule(wanted, 0.0)
    rng, place, count = np.random.default_rng(1), np.zeros(2), 0
    for episode in range(episodes):
        for step in range(25):
            place = place + 0.01 * np.array([rng.random() < share, 0.0])
            curiosity.observe(place, goal, begins=step == 0)
        count += curiosity.aim is Aim.MOVE and episode > 20
    return count / (episodes - 21)


@pytest.mark.parametrize(('share', 'expected'), [(0.0, 1.0), (0.15, 0.5), (0.3, 0.05), (0.9, 0.0)])
def test_the_less_is_moved_the_more_is_played(share: float, expected: float) -> None:
    assert played(share, 0.3) == pytest.approx(expected, abs=0.08)


def test_who_wants_no_events_never_plays() -> None:
    assert played(0.0, 0.0) == 0.0


def test_resting_at_the_goal_is_no_lack() -> None:
    """The first steps move it; then it lies where it is wanted."""
    curiosity = schedule(0.3, 0.0)
    for step in range(3000):
        place = np.array([max(0.0, 1.0 - 0.02 * step), 0.0])
        curiosity.observe(place, np.zeros(2), begins=step == 0)
    assert curiosity.share > 0.9
    curiosity.observe(np.zeros(2), np.zeros(2), begins=True)
    assert curiosity.aim is Aim.PURSUE


TOLD = replace(SPEC, told=True)


@pytest.mark.parametrize(('won', 'expected'), [(0.0, 1.0), (0.5, 0.3), (1.0, 0.0)])
def test_the_fewer_successes_are_told_the_more_is_searched(won: float, expected: float) -> None:
    """And no distance counts: the object lies at the goal all the time."""
    curiosity = ExplorationSchedule(TOLD, np.random.default_rng(0),
                                    ExplorationConfig(0.0, 0.0, searching=0.6))
    rng, searched = np.random.default_rng(1), 0
    for episode in range(1500):
        succeeds = rng.random() < won
        for step in range(3):
            curiosity.observe(AWAY, AWAY, begins=step == 0, success=succeeds and step == 2)
        searched += curiosity.aim is Aim.SEARCH and episode > 100
    assert searched / 1399 == pytest.approx(expected, abs=0.06)


@pytest.mark.parametrize(('best', 'expected'), [(0.0, 0.6), (1.0, 0.0)])
def test_rewards_near_the_best_are_successes(best: float, expected: float) -> None:
    """Rewards between -1 and 0, the best of them in each episode or in the first alone."""
    curiosity = ExplorationSchedule(TOLD, np.random.default_rng(0),
                                    ExplorationConfig(0.0, 0.0, searching=0.6))
    searched = 0
    for episode in range(1000):
        for step in range(4):
            well = step == 2 and (episode == 0 or best > 0.0)
            curiosity.observe(AWAY, AWAY, begins=step == 0,
                              reward=np.nan if step == 0 else -0.05 if well else -1.0)
        searched += curiosity.aim is Aim.SEARCH and episode > 100
    assert searched / 899 == pytest.approx(expected, abs=0.06)


def test_places_are_sought_where_one_was_and_a_bit_beyond() -> None:
    curiosity = ExplorationSchedule(TOLD, np.random.default_rng(0),
                                    ExplorationConfig(0.0, search_steps=3))
    rng, places = np.random.default_rng(1), []
    for step in range(4000):
        curiosity.observe(rng.uniform([2.0, -1.0], [4.0, 1.0]), AWAY, begins=step == 0,
                          success=False)
        places.append(curiosity.place)
    found = np.unique(places, axis=0)
    assert len(found) == pytest.approx(1000, abs=20)  # every 4 steps, or at one that is reached
    assert (np.abs(found - [3.0, 0.0]) <= 1.5).all()
    assert 0.2 < (np.abs(found - [3.0, 0.0]) <= 1.0).all(1).mean() < 0.8
    np.testing.assert_allclose(found.mean(0), [3.0, 0.0], atol=0.15)


def test_places_are_sought_where_nothing_was_visited() -> None:
    """Nine visits of ten were on one side: places lie between both, or beyond."""
    curiosity = ExplorationSchedule(TOLD, np.random.default_rng(0),
                                    ExplorationConfig(0.0, search_steps=1))
    rng, places = np.random.default_rng(1), []
    for step in range(600):
        side = 1.0 if step % 10 == 0 else -1.0
        curiosity.observe(np.array([side, rng.uniform(-0.2, 0.2)]), AWAY, begins=step == 0,
                          success=False)
        places.append(curiosity.place[0])
    assert np.mean(np.abs(np.array(places[200:]) + 1.0) > 0.25) > 0.7


def test_a_reset_is_no_event() -> None:
    curiosity = schedule(0.3, 0.0)
    for episode in range(50):
        for step in range(5):
            curiosity.observe(np.array([float(episode), 0.0]), AWAY, begins=step == 0)
    assert curiosity.share == 0.0


@pytest.mark.parametrize(('won', 'expected'), [(0.0, 0.5), (0.5, 0.25), (1.0, 0.0)])
def test_the_fewer_goals_are_reached_the_more_is_handled(won: float, expected: float) -> None:
    curiosity = schedule(0.3, 0.5)
    rng, handled = np.random.default_rng(1), 0
    for episode in range(2000):
        goal = np.array([3.0, 0.0]) if rng.random() < won else AWAY
        for step in range(8):                 # all of them events, the last at a near goal
            curiosity.observe(np.array([0.5 * min(step, 6), 0.0]), goal, begins=step == 0)
        handled += curiosity.aim is Aim.HANDLE and episode >= 100
    assert handled / 1900 == pytest.approx(expected, abs=0.06)


def test_episodes_that_are_handled_say_nothing_of_success() -> None:
    curiosity = schedule(0.0, 1.0)
    curiosity.success_rate = 0.0
    for _ in range(5):
        curiosity.observe(np.zeros(2), np.zeros(2), begins=True)
        assert curiosity.aim is Aim.HANDLE
    assert curiosity.success_rate == 0.0


def test_what_a_teacher_showed_is_tried_at_once_until_it_is_judged() -> None:
    curiosity = ExplorationSchedule(TOLD, np.random.default_rng(0),
                                    ExplorationConfig(0.0, 0.0, searching=0.0))
    curiosity.observe(AWAY, AWAY, begins=True, success=True)      # it knows one already
    first, other = np.array([[0.1, 0.2], [0.3, 0.2]], np.float32)
    curiosity.watch(first)
    curiosity.watch(other)
    for n in range(6):
        curiosity.observe(AWAY, AWAY, begins=n == 3, success=False)
        assert curiosity.aim is Aim.SEARCH
        # What was not reached in its episode waits for its next turn.
        np.testing.assert_array_equal(curiosity.place, first if n < 3 else other)
    for _ in range(3):
        assert curiosity.place is not first
        curiosity.observe(other, AWAY, begins=False, success=False)    # a lie
    np.testing.assert_array_equal(curiosity.place, first)
    curiosity.observe(first, AWAY, begins=False, success=True)         # and a truth
    assert curiosity.aim is Aim.PURSUE
    curiosity.watch(first)                 # known: nothing to try
    curiosity.observe(AWAY, AWAY, begins=True, success=False)
    assert curiosity.aim is Aim.PURSUE


def test_what_cannot_be_reached_is_given_up() -> None:
    curiosity = ExplorationSchedule(TOLD, np.random.default_rng(0),
                                    ExplorationConfig(0.0, 0.0, searching=0.0))
    curiosity.observe(AWAY, AWAY, begins=True, success=True)
    curiosity.watch(np.zeros(2))
    tried = 0
    for _ in range(10):
        curiosity.observe(AWAY, AWAY, begins=True, success=False)
        tried += curiosity.aim is Aim.SEARCH
    assert tried == 4
