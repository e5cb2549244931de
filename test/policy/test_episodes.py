"""Counting episodes, against episodes written down by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm_ros.policy.episodes import EpisodeTracker


def live(tracker: EpisodeTracker, reached: list[bool], *, whole: bool = True,
         counts: list[bool] | None = None) -> None:
    for i, flag in enumerate(reached):
        tracker.observe(begins=i == 0, whole=whole, reached=flag,
                        counts=True if counts is None else counts[i])


def test_nothing_is_known_before_the_first_episode_ends() -> None:
    tracker = EpisodeTracker(5)
    live(tracker, [False, True])
    assert tracker.rate is None
    assert tracker.episodes == 0
    live(tracker, [False])
    assert (tracker.episodes, tracker.successes, tracker.rate) == (1, 1, 1.0)


def test_what_was_not_seen_from_its_beginning_does_not_count() -> None:
    tracker = EpisodeTracker(5)
    live(tracker, [True], whole=False)
    live(tracker, [False])
    assert tracker.episodes == 0


@pytest.mark.parametrize('counts', [[False, True, True], [True, False, True],
                                    [True, True, False]])
def test_an_episode_counts_only_if_the_goal_was_pursued_throughout(counts) -> None:
    tracker = EpisodeTracker(5)
    live(tracker, [False, True, True], counts=counts)
    live(tracker, [False])
    assert tracker.episodes == 0


def test_an_interrupted_episode_does_not_count() -> None:
    tracker = EpisodeTracker(5)
    live(tracker, [False, True])
    tracker.interrupt()
    live(tracker, [False])
    assert tracker.episodes == 0


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=5), max_size=20), st.integers(1, 6))
def test_the_rate_is_that_of_the_last_episodes(lived, window) -> None:
    tracker = EpisodeTracker(window)
    for reached in lived:
        live(tracker, reached)
    live(tracker, [False])
    outcomes = [any(reached) for reached in lived]
    assert (tracker.episodes, tracker.successes) == (len(outcomes), sum(outcomes))
    last = outcomes[-window:]
    assert tracker.rate == (sum(last) / len(last) if last else None)
