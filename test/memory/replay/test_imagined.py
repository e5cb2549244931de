"""Imagined trajectories in memory: their steps, their provenance, and when more are wanted."""

import numpy as np
import pytest
from lived_steps import SPEC, filled, life

from abm_ros.common.errors import SpecError, StoreError
from abm_ros.common.transition import Imagined
from abm_ros.memory.replay.draw import NEWEST, SEEDS, Draw
from abm_ros.memory.replay.imagined import ImaginedConfig, ImaginedReplay, block_of
from abm_ros.memory.replay.index import BEYOND, JUDGED


def trajectories(*lengths):
    """Made-up trajectories; each number tells its step in all of them."""
    count = sum(lengths) + len(lengths)
    place = np.arange(count, dtype=np.float32)
    last = np.cumsum(np.array(lengths) + 1) - 1
    action = np.full((count, 1), 0.5, np.float32)
    action[last] = 0.0
    return Imagined(np.stack([place, place, -place], axis=1), action,
                    np.stack([place[last], -place[last]], axis=1),
                    np.array(lengths, np.int64))


def test_each_trajectory_is_an_episode_of_its_own_that_ends_in_success():
    block = block_of(trajectories(2, 1), SPEC, 7)
    assert block.episode.tolist() == [7, 7, 7, 8, 8]
    assert block.index.tolist() == [0, 1, 2, 0, 1]
    assert block.acted.tolist() == [True, True, False, True, False]
    assert block.success.tolist() == [False, False, True, False, True]
    assert block.rows[:, 3].tolist() == [2, 2, 2, 4, 4]         # the goal
    steps = list(block.steps(SPEC, filled(life([2]), 4).packing))
    assert {step.provenance for step in steps} == {'imagined'}
    assert {step.mode for step in steps} == {'imagine'}


def test_windows_of_it_are_drawn_as_of_what_was_lived():
    memory = ImaginedReplay(SPEC, ImaginedConfig())
    memory.take(trajectories(3, 2))
    batch = memory.draw(np.random.default_rng(0), Draw(
        200, 2, hindsight=0.0, source='imagined'))
    starts = batch.numbers[:, 0, 0]
    assert set(starts.tolist()) == {0, 1, 2, 4, 5}
    assert (batch.goal[:, 0] == np.where(starts < 4, 3, 6)).all()
    whole = batch.mask.all(axis=1)
    assert (batch.numbers[whole, 2, 0] == starts[whole] + 2).all()


def test_more_is_wanted_once_it_was_replayed_often_enough():
    memory = ImaginedReplay(SPEC, ImaginedConfig(imagined_use=2.0))
    draw, rng = Draw(5, 1, source='imagined'), np.random.default_rng(0)
    memory.give_seeds()
    with pytest.raises(StoreError, match='nothing was imagined yet'):
        memory.draw(rng, draw)
    memory.take(trajectories(3, 4))
    for _ in range(3):       # 14 windows are owed
        with pytest.raises(StoreError, match='replayed first'):
            memory.give_seeds()
        memory.draw(rng, draw)
    memory.give_seeds()
    assert not memory.wants_more                 # their dreams have not come yet
    memory.interrupt()
    assert memory.wants_more
    assert (memory.taken, memory.drawn) == (7, 15)


def test_dreams_that_all_failed_are_followed_by_others_at_once():
    memory = ImaginedReplay(SPEC, ImaginedConfig())
    memory.take(Imagined(np.zeros((0, 3), np.float32), np.zeros((0, 1), np.float32),
                         np.zeros((0, 2), np.float32), np.zeros(0, np.int64)))
    memory.give_seeds()
    assert memory.taken == 0


@pytest.mark.parametrize('change', [
    {'length': np.array([3, 9])}, {'length': np.array([5, 0])}, {'length': np.ones((1, 2), int)},
    {'goal': np.zeros((2, 3), np.float32)}, {'action': np.zeros((7, 2), np.float32)},
    {'numbers': np.full((7, 3), np.nan, np.float32)}])
def test_what_does_not_fit_is_refused_and_leaves_memory_as_it_was(change):
    memory = ImaginedReplay(SPEC, ImaginedConfig())
    with pytest.raises(SpecError):
        memory.take(trajectories(3, 2)._replace(**change))
    assert memory.taken == 0
    with pytest.raises(StoreError):
        memory.draw(np.random.default_rng(0), Draw(2, 1, source='imagined'))


def test_seeds_begin_where_something_was_lived_and_their_goals_lie_about_what_was_achieved():
    index = filled(life([6, 8]), 100)
    batch = index.draw(np.random.default_rng(0), Draw(2000, 1, SEEDS))
    assert set(batch.numbers[:, 0, 0].tolist()) == {1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13}
    assert (batch.goal[:, 1] == -batch.goal[:, 0]).all()        # on the line of what was achieved
    reach = 1 + BEYOND
    assert batch.goal[:, 0].min() < 1
    assert batch.goal[:, 0].max() > 13
    assert 13 - reach * 12 <= batch.goal[:, 0].min()
    assert batch.goal[:, 0].max() <= 1 + reach * 12


def test_a_model_is_judged_by_what_it_did_not_learn_from_or_by_the_newest():
    index = filled(life([100]), 200)
    drawn = index.draw(np.random.default_rng(0), Draw(2000, 1, NEWEST))
    assert set(drawn.numbers[:, 0, 0].tolist()) == set(range(1, 100))
    index.learned = 40
    drawn = index.draw(np.random.default_rng(0), Draw(2000, 1, NEWEST))
    assert set(drawn.numbers[:, 0, 0].tolist()) == set(range(41, 100))
    index.learned = 100
    drawn = index.draw(np.random.default_rng(0), Draw(2000, 1, NEWEST))
    assert set(drawn.numbers[:, 0, 0].tolist()) == set(range(100 - JUDGED, 100))
