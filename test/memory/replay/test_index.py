"""The replay index against a slow, obvious reference, and its distributions."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lived_steps import SPEC, filled, life, make_step

from abm_ros.common.errors import NonFiniteError, SpecError, StoreError
from abm_ros.common.transition import Batch, Step
from abm_ros.memory.replay.draw import REVERSE, UNIFORM, Draw
from abm_ros.memory.replay.index import ReplayIndex
from abm_ros.world_model.worlds.actuator_map import ActuatorMap


def follows(a: Step, b: Step) -> bool:
    return a.action is not None and a.episode == b.episode and b.index == a.index + 1


def reference_starts(held: Sequence[Step]) -> list[int]:
    return [i for i in range(len(held) - 1) if follows(held[i], held[i + 1])]


def reference_run(held: Sequence[Step], start: int) -> list[Step]:
    """Collect the steps from start for as long as they follow each other."""
    run = [held[start]]
    while start + len(run) < len(held) and follows(run[-1], held[start + len(run)]):
        run.append(held[start + len(run)])
    return run


def check_window(batch: Batch, row: int, run: Sequence[Step]) -> None:
    horizon = batch.mask.shape[1]
    for t in range(horizon + 1):
        lived = run[min(t, len(run) - 1)]
        np.testing.assert_array_equal(batch.observation[row, t], lived.observation)
    for t in range(horizon):
        assert batch.mask[row, t] == (t < len(run) - 1)
        expected = run[t].action if t < len(run) - 1 else np.zeros(1)
        np.testing.assert_array_equal(batch.action[row, t], expected)


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(episodes=st.lists(st.tuples(st.integers(1, 7), st.booleans()), min_size=1, max_size=12),
       capacity=st.integers(2, 40), horizon=st.integers(1, 5), seed=st.integers(0, 99))
def test_agrees_with_the_reference(episodes: list[tuple[int, bool]], capacity: int, horizon: int,
                                   seed: int) -> None:
    steps = life([n for n, _ in episodes], [cut for _, cut in episodes])
    index, held = filled(steps, capacity), steps[-capacity:]
    starts = reference_starts(held)
    assert len(index) == len(starts)
    assert index.steps == len(held)
    rng = np.random.default_rng(seed)
    if not starts:
        with pytest.raises(StoreError, match='no transition yet'):
            index.draw(rng, Draw(4, horizon))
        return
    batch = index.draw(rng, Draw(64, horizon, hindsight=0.5))
    where = {step.stamp_ns: i for i, step in enumerate(held)}
    for row in range(64):
        start = where[int(batch.observation[row, 0, 0])]
        assert start in starts
        run = reference_run(held, start)
        check_window(batch, row, run)
        future = [tuple(s.observation[1:3]) for s in run[1:]]
        assert tuple(batch.goal[row]) in [tuple(run[0].goal), *future]


@settings(max_examples=40, deadline=None, database=None, derandomize=True)
@given(lengths=st.lists(st.integers(1, 7), min_size=1, max_size=12), capacity=st.integers(2, 40),
       won=st.sets(st.integers(0, 11)), horizon=st.integers(1, 5))
def test_reverse_agrees_with_the_reference(lengths: list[int], capacity: int, won: set[int],
                                           horizon: int) -> None:
    steps = life(lengths, won=sorted(won))
    index, held = filled(steps, capacity), steps[-capacity:]
    after = [i + 1 for i in reference_starts(held)]
    ends = [i for i in after if held[i].action is None] or after
    if not ends:
        with pytest.raises(StoreError, match='no transition yet'):
            index.draw(np.random.default_rng(0), Draw(4, horizon, REVERSE))
        return
    batch = index.draw(np.random.default_rng(0), Draw(32, horizon, REVERSE))
    where = {step.stamp_ns: i for i, step in enumerate(held)}
    for row in range(32):
        end = where[int(batch.observation[row, -1, 0])]
        assert end in ends
        start = end
        while end - start < horizon and start > 0 and follows(held[start - 1], held[start]):
            start -= 1
        check_window(batch, row, held[start:end + 1])
        expected = held[end].goal if held[end].success else held[end].observation[1:3]
        np.testing.assert_array_equal(batch.goal[row], expected)


def test_reverse_prefers_successful_ends() -> None:
    index = filled(life([5] * 10, won=[3]), 100)      # ends at 5, 10, ...; the won one at 20
    rng = np.random.default_rng(5)
    won = index.draw(rng, Draw(20_000, 2, REVERSE)).observation[:, -1, 0] == 20
    # 0.8 + 0.2 / 10 with a standard error of 0.0027
    assert abs(won.mean() - 0.82) < 0.012


def test_starts_are_uniform() -> None:
    index = filled(life([1, 4, 9, 2, 6]), 15)         # the ring dropped 7 of 22 steps
    expected = [s for s in range(8, 22) if s not in (14, 16)]
    batch = index.draw(np.random.default_rng(11), Draw(24_000, 3))
    values, counts = np.unique(batch.observation[:, 0, 0], return_counts=True)
    assert values.tolist() == expected
    chi2 = float((((counts - 2000) ** 2) / 2000).sum())
    assert chi2 < 31.26                               # 11 degrees of freedom, p = 0.001


def test_hindsight_share_and_uniform_futures() -> None:
    index = filled(life([6]), 10)
    batch = index.draw(np.random.default_rng(3), Draw(50_000, 2, hindsight=0.8))
    start, goal = batch.observation[:, 0, 0], batch.goal[:, 0]
    relabelled = goal < 1000
    assert abs(relabelled.mean() - 0.8) < 0.008       # standard error 0.0018
    from_first = goal[relabelled & (start == 1)]
    values, counts = np.unique(from_first, return_counts=True)
    assert values.tolist() == [2, 3, 4, 5, 6]
    mean = len(from_first) / 5
    assert float((((counts - mean) ** 2) / mean).sum()) < 18.47      # 4 degrees, p = 0.001
    assert set(goal[relabelled & (start == 5)]) == {6.0}


@pytest.mark.parametrize(('share', 'low'), [(0.0, 1000), (1.0, 0)])
def test_hindsight_extremes(share: float, low: int) -> None:
    batch = filled(life([6, 6]), 20).draw(np.random.default_rng(0), Draw(500, 2, hindsight=share))
    assert (batch.goal[:, 0] > low).all()
    assert (batch.goal[:, 0] < low + 1000).all()


def test_a_growing_episode_is_replayed() -> None:
    index = filled(life([5])[:3], 20)
    assert len(index) == 2
    batch = index.draw(np.random.default_rng(0), Draw(200, 4, hindsight=1.0))
    assert set(batch.observation[:, 0, 0]) == {1, 2}
    assert set(batch.goal[:, 0]) == {2, 3}


def test_a_lost_step_breaks_the_window() -> None:
    steps = life([6])
    index = filled(steps[:2] + steps[3:], 20)         # step 3 was lost on the way
    batch = index.draw(np.random.default_rng(0), Draw(200, 3))
    first = batch.mask[batch.observation[:, 0, 0] == 1]
    assert first.sum(axis=1).tolist() == [1.0] * len(first)
    assert set(batch.observation[:, 0, 0]) == {1, 4, 5}


def test_draws_depend_only_on_what_is_held() -> None:
    steps = life([7, 3, 9, 4, 8, 5], won=[4])
    old, fresh = filled(steps, 17), filled(steps[-17:], 17)
    for kind in (UNIFORM, REVERSE):
        draw = Draw(50, 3, kind)
        one, two, again = (index.draw(np.random.default_rng(7), draw)
                           for index in (old, fresh, old))
        for item in ('observation', 'action', 'mask', 'goal'):
            np.testing.assert_array_equal(getattr(one, item), getattr(two, item))
            np.testing.assert_array_equal(getattr(one, item), getattr(again, item))


def test_batches_are_float32_copies() -> None:
    index = filled(life([5]), 10)
    batch = index.draw(np.random.default_rng(0), Draw(8, 3))
    assert batch.observation.shape == (8, 4, 3)
    for item in (batch.observation, batch.action, batch.mask, batch.goal):
        assert item.dtype == np.float32
        item[:] = -99.0
    assert index.draw(np.random.default_rng(0), Draw(8, 3)).observation.min() > -99.0


def test_transitions_that_are_kept_are_those_of_whole_windows() -> None:
    index = filled(rarely_moved(7), 1000)
    whole = index.draw(np.random.default_rng(0), Draw(32, 4, events=0.5))
    short = index.draw(np.random.default_rng(0), Draw(32, 4, events=0.5, keep=1))
    assert short.mask.shape == (32, 1)
    for item in ('observation', 'action', 'mask', 'goal'):
        np.testing.assert_array_equal(getattr(short, item), getattr(whole.column(0), item))


def test_refuses_bad_steps() -> None:
    index = filled(life([5]), 10)
    with pytest.raises(SpecError, match='at least 2 steps'):
        ReplayIndex(SPEC, 1)
    lived = make_step(6, 1, 0, False)
    with pytest.raises(SpecError, match="'observation': expected shape"):
        index.append(replace(lived, observation=np.zeros(1)))
    with pytest.raises(NonFiniteError, match='action'):
        index.append(replace(lived, action=np.array([np.inf])))
    assert (len(index), index.steps) == (4, 5)


def rarely_moved(every: int, episodes: int = 40) -> list[Step]:
    """Return steps in which the tool moves once in so many transitions."""
    steps = life([20] * episodes)
    place = np.cumsum([i % every == 0 for i in range(len(steps))]).astype(np.float32)
    return [replace(s, observation=np.array([s.observation[0], place[i], 0.0], np.float32))
            for i, s in enumerate(steps)]


def eventful(batch: Batch) -> float:
    """Return the share of windows in which the tool moves where it was lived."""
    moved = np.linalg.norm(np.diff(batch.observation[..., 1:3], axis=1), axis=-1) > 0.01
    return float((moved & (batch.mask > 0)).any(axis=1).mean())


def test_windows_with_events_complete_the_uniform_ones() -> None:
    """Of 1 in 51, two steps each see 0.04; 0.5 - 0.02 of the windows are made to hold one."""
    index = filled(rarely_moved(51), 2000)
    rng = np.random.default_rng(0)
    assert eventful(index.draw(rng, Draw(20_000, 2))) == pytest.approx(0.04, abs=0.015)
    assert eventful(index.draw(rng, Draw(20_000, 2, events=0.5))) == pytest.approx(0.50, abs=0.02)


@pytest.mark.parametrize(('every', 'share'), [(3, 0.25), (10_000, 0.25)])
def test_where_events_are_frequent_or_unknown_draws_stay_uniform(every: int,
                                                                 share: float) -> None:
    index = filled(rarely_moved(every), 2000)
    plain = index.draw(np.random.default_rng(1), Draw(64, 2))
    other = index.draw(np.random.default_rng(1), Draw(64, 2, events=share))
    np.testing.assert_array_equal(plain.observation, other.observation)


def test_batches_hold_the_effective_actions_of_each_world() -> None:
    index = filled(life([6, 6]), 100)
    mirrored = ActuatorMap(np.array([[-1.0, 0.5]]), np.zeros((2, 2)))
    index.enter_world(1, 3)                # the newest three transitions: of the second episode
    index.maps = {0: ActuatorMap.identity(1), 1: mirrored}
    batch = index.draw(np.random.default_rng(0), Draw(batch=400, horizon=1, hindsight=0.0))
    number, effective = batch.numbers[:, 0, 0], batch.action[:, 0, 0]
    executed = number + 0.5                # see make_step
    changed = number >= 9                  # steps 9, 10 and 11 of 12; 12 has no action
    assert 0 < changed.sum() < len(number)
    np.testing.assert_allclose(effective[changed], 0.5 - executed[changed])
    np.testing.assert_array_equal(effective[~changed], executed[~changed])
    # What is lived from now on is of the new world too.
    for step in life([3]):
        index.append(replace(step, episode=7))
    assert index.world[12:15].tolist() == [1, 1, 1]


def test_what_a_forgotten_world_did_stays_true_of_its_steps() -> None:
    index = filled(life([6, 6]), 100)
    known = ActuatorMap(np.array([[-1.0, 0.5]]), np.zeros((2, 2)), np.array([0.25, 0, 0]))
    maps = {0: ActuatorMap.identity(1, 3), 1: known}
    index.enter_world(1, 3)
    index.maps = maps
    before = index.draw(np.random.default_rng(0), Draw(batch=50, horizon=1, hindsight=0.0))
    lived = index.numbers[7:12, 0].copy()
    index.maps = {0: maps[0]}
    after = index.draw(np.random.default_rng(0), Draw(batch=50, horizon=1, hindsight=0.0))
    np.testing.assert_array_equal(before.action, after.action)
    np.testing.assert_array_equal(before.numbers, after.numbers)
    np.testing.assert_allclose(index.numbers[7:12, 0], lived - [0, 0.25, 0.25, 0.25, 0.25])
    assert not index.world.any()
