"""Rounds go on where they were; what is lost on the way is asked for again, and only that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm_ros.common.errors import ConfigError
from abm_ros.memory.rounds import CHUNK, CONSOLIDATION_UPDATES, Rounds, RoundsConfig

ONLINE = RoundsConfig(learn_every=10, updates=6, first_updates=40, young_rounds=3,
                      late_updates=2)
SLEEP = RoundsConfig(schedule='consolidate')


def ask(rounds: Rounds, config: RoundsConfig) -> int:
    """Ask for all that may be asked for now."""
    total = 0
    while count := rounds.ask(config):
        total += count
    return total


def train(rounds: Rounds, config: RoundsConfig, updates: int) -> list[bool]:
    """Ask, receive and update so often; return which updates ended a round."""
    ends = []
    for _ in range(updates):
        for _ in range(ask(rounds, config)):
            rounds.receive()
        ends.append(rounds.update(config))
    return ends


def test_a_round_is_asked_for_in_chunks_and_never_for_more_than_it_needs() -> None:
    rounds = Rounds()
    assert [rounds.ask(ONLINE) for _ in range(3)] == [CHUNK, CHUNK, 0]
    asked = 2 * CHUNK
    for _ in range(40):
        rounds.receive()
        rounds.update(ONLINE)
        if rounds.finished:
            break
        asked += ask(rounds, ONLINE)
    assert asked == 40


def test_the_round_is_kept_when_the_wires_go() -> None:
    rounds = Rounds()
    train(rounds, ONLINE, 5)
    ask(rounds, ONLINE)
    held = rounds.held
    rounds.lose()
    assert (rounds.held, rounds.current(ONLINE).left) == (held, 35)
    # Of what was asked for only what did not come is asked for anew.
    assert ask(rounds, ONLINE) >= 2 * CHUNK - held
    assert train(Rounds(), ONLINE, 40).index(True) == 39


@given(st.lists(st.integers(1, 39), max_size=12), st.integers(0, 20))
def test_however_often_it_is_interrupted_a_round_takes_its_updates_and_no_more(cuts, asleep):
    rounds, done = Rounds(), 0
    for updates in cuts:
        for _ in range(min(updates, 39 - done)):
            assert train(rounds, ONLINE, 1) == [False]
            done += 1
        rounds.lose()
        train(rounds, SLEEP, asleep)
        rounds.lose()
    assert train(rounds, ONLINE, 40 - done)[-1] is True
    assert rounds.number == 1


def test_a_sleep_does_not_begin_the_round_of_the_day_anew_nor_number_it() -> None:
    rounds = Rounds()
    train(rounds, ONLINE, 3)
    assert train(rounds, SLEEP, CONSOLIDATION_UPDATES)[-1] is True
    assert (rounds.finished, rounds.number) == (1, 0)
    assert rounds.current(ONLINE).left == 37


def test_late_rounds_are_skipped_unless_every_one_counts() -> None:
    for exact, number, after in ((False, 5, 41), (True, 2, 11)):
        config = RoundsConfig(learn_every=10, first_updates=1, updates=1, exact_rounds=exact)
        rounds = Rounds()
        train(rounds, config, 1)
        rounds.experience = 45
        current = rounds.current(config)
        assert (current.number, current.after) == (number, after)


def test_a_probe_is_one_batch_and_is_not_asked_for_twice() -> None:
    rounds = Rounds()
    assert (rounds.probe(), rounds.probe()) == (1, 0)
    rounds.receive()
    assert rounds.probe() == 0
    rounds.drop()
    assert rounds.probe() == 1
    assert not rounds.is_open(ONLINE)


def test_what_is_asked_per_transition_is_what_the_schedule_says() -> None:
    rounds = Rounds()
    assert rounds.updates_per_transition(ONLINE) == 0.0     # nothing lived yet
    told = []
    for rounds.experience in (1, 11, 30, 31):
        told.append(rounds.updates_per_transition(ONLINE))
    assert told == pytest.approx([0.6, 0.6, 0.6, 0.2])
    assert rounds.updates_per_transition(SLEEP) == 0.0


def test_a_model_is_published_sooner_or_later() -> None:
    with pytest.raises(ConfigError, match='publish_s'):
        RoundsConfig(publish_s=0.0)
