"""When learning begins and when its rounds are due, against counting them one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm_ros.common.errors import ConfigError
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.memory.schedule import Experience, ScheduleConfig, WarmUpConfig

SCHEDULES = st.builds(ScheduleConfig, st.integers(1, 50), st.integers(1, 100),
                      st.integers(1, 100))
SPEC = ObservationSpec((FieldSpec('arm', 2), FieldSpec('object', 2)), 'object', 0.1, 1, 0.05, 50)
STILL, MOVES = np.zeros(4), np.array([0.0, 0.0, 0.0031, 0.0])


@given(SCHEDULES)
def test_rounds_are_what_counting_says(schedule) -> None:
    rounds = 0
    for count in range(400):
        due = count == 1 + rounds * schedule.learn_every
        if due:
            rounds += 1
            assert schedule.begins_at(rounds) == count
        assert schedule.round_at(count) == rounds


def test_the_first_round_is_longer_and_late_ones_are_shorter() -> None:
    schedule = ScheduleConfig(updates=3, first_updates=9, young_rounds=3, late_updates=2)
    assert [schedule.updates_in(n) for n in (1, 2, 3, 4, 99)] == [9, 3, 3, 2, 2]


@pytest.mark.parametrize('name', ['learn_every', 'updates', 'first_updates', 'young_rounds',
                                  'late_updates'])
def test_nothing_may_be_zero(name) -> None:
    with pytest.raises(ConfigError, match=name):
        ScheduleConfig(**{name: 0})


def test_an_arm_that_always_moves_its_goal_waits_for_transitions_alone() -> None:
    config = WarmUpConfig(warm_up=50, warm_up_events=100)
    assert not config.is_over(49, 49)
    assert config.is_over(50, 25)
    assert not config.is_over(50, 24)
    assert config.is_over(4000, 100)
    assert not config.is_over(4000, 99)
    assert config.is_over(config.longest_warm_up, 0)


def lived(steps, warm_up: WarmUpConfig) -> list[int]:
    """Return the count after each of (episode, index, observation, acted)."""
    experience, counts = Experience(warm_up, SPEC), []
    for episode, index, observation, acted in steps:
        experience.take(episode, index, observation, acted=acted)
        counts.append(experience.count)
    return counts


def test_counting_begins_with_the_transition_that_ends_the_warm_up() -> None:
    steps = [(0, n, STILL, True) for n in range(5)]
    assert lived(steps, WarmUpConfig(3, 0)) == [0, 0, 1, 2, 3]


def test_an_event_is_known_with_the_step_after_it() -> None:
    steps = [(0, 0, STILL, True), (0, 1, STILL, True), (0, 2, MOVES, True), (0, 3, MOVES, True)]
    assert lived(steps, WarmUpConfig(1, 1)) == [1, 2, 3, 4]     # half of one is none
    assert lived(steps, WarmUpConfig(2, 1)) == [0, 0, 1, 2]


@pytest.mark.parametrize('steps', [
    [(0, 0, STILL, True), (1, 1, MOVES, True)],
    [(0, 0, STILL, True), (0, 2, MOVES, True)],
    [(0, 0, STILL, False), (0, 1, MOVES, True), (0, 2, MOVES, True)]])
def test_what_does_not_follow_is_no_event(steps) -> None:
    assert lived(steps, WarmUpConfig(2, 1))[-1] == 0


def test_a_restored_record_counts_as_one_step_does() -> None:
    experience = Experience(WarmUpConfig(50, 100), SPEC)
    experience.add(4000, 99)
    assert experience.count == 0
    experience.add(1, 1)
    assert experience.count == 1
    experience.add(1, 0)
    assert experience.count == 2
