"""When learning rounds are due, against counting them one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm_ros.core.errors import ConfigError
from abm_ros.core.schedule import ScheduleConfig

SCHEDULES = st.builds(ScheduleConfig, st.integers(1, 200), st.integers(1, 50),
                      st.integers(1, 100), st.integers(1, 100))


@given(SCHEDULES)
def test_rounds_are_what_counting_says(schedule) -> None:
    rounds = 0
    for transitions in range(400):
        due = transitions == schedule.warm_up + rounds * schedule.learn_every
        assert schedule.is_due(transitions) == due
        if due:
            rounds += 1
            assert schedule.begins_at(rounds) == transitions
        assert schedule.round_at(transitions) == rounds


def test_the_first_round_is_longer() -> None:
    schedule = ScheduleConfig(updates=3, first_updates=9)
    assert [schedule.updates_in(n) for n in (1, 2, 3)] == [9, 3, 3]


@pytest.mark.parametrize('name', ['warm_up', 'learn_every', 'updates', 'first_updates'])
def test_nothing_may_be_zero(name) -> None:
    with pytest.raises(ConfigError, match=name):
        ScheduleConfig(**{name: 0})
