"""Blocks, images, origins and priorities of the replay index."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lived_steps import SPEC, filled, life

from abm_ros.common.errors import SpecError
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Batch, Step
from abm_ros.memory.record.store import Store, StoreConfig
from abm_ros.memory.replay.draw import PICKS, REVERSE, UNIFORM, Draw
from abm_ros.memory.replay.index import RARE_SHARE, RECENT_SHARE, ReplayIndex

PICTURED = ObservationSpec((FieldSpec('tool', 2), FieldSpec('camera', 48, (3, 4, 4)),
                            FieldSpec('depth', 6, (1, 2, 3))), 'tool', 0.05, 1, 0.05, 10)


@pytest.mark.parametrize('size', [1, 3, 7, 100])
@pytest.mark.parametrize('capacity', [5, 17, 100])
def test_blocks_and_steps_make_the_same_index(tmp_path: Path, size: int, capacity: int) -> None:
    steps = life([7, 3, 9, 1, 4, 8, 5], cut=[False, True], won=[4])
    with Store(tmp_path / 'm.db', SPEC, StoreConfig(commit_count=size)) as store:
        for step in steps:
            store.append(step)
            store.poll()
        store.flush()
        taken = ReplayIndex(SPEC, capacity)
        for block in store.blocks():
            taken.append_block(block)
    one = filled(steps, capacity)
    assert len(one) == len(taken) > 0
    for kind in (UNIFORM, REVERSE):
        a, b = (index.draw(np.random.default_rng(2), Draw(40, 3, kind)) for index in (one, taken))
        for item in ('observation', 'action', 'mask', 'goal'):
            np.testing.assert_array_equal(getattr(a, item), getattr(b, item))


def pictured(number: int, rng: np.random.Generator) -> Step:
    pixels = rng.integers(0, 256, 54).astype(np.float32) / np.float32(255)
    return Step(0, number, number, np.concatenate(
        [np.full(2, number, np.float32), pixels]), np.zeros(2, np.float32),
        np.zeros(1, np.float32), 'play', False)


def test_images_are_kept_as_bytes_and_come_back_bit_for_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    steps = [pictured(number, rng) for number in range(20)]
    path = tmp_path / 'm.db'
    index = ReplayIndex(PICTURED, 100)
    with Store(path, PICTURED, StoreConfig()) as store:
        for step in steps:
            store.append(step)
            index.append(step)
    assert index.pixels.dtype == np.uint8
    assert index.numbers.shape == (100, 2)
    assert path.read_bytes().count(b'\x89PNG') == 40
    with Store.read(path) as reader:
        for lived, read in zip(steps, reader.steps(), strict=True):
            assert lived.observation.tobytes() == read.observation.tobytes()
    batch = index.draw(np.random.default_rng(0), Draw(30, 2))
    for row in batch.observation[:, 0]:
        np.testing.assert_array_equal(row, steps[int(row[0])].observation)


def test_shades_between_those_of_8_bits_are_refused(tmp_path: Path) -> None:
    step = pictured(0, np.random.default_rng(0))
    step.observation[10] = 0.5
    with Store(tmp_path / 'm.db', PICTURED, StoreConfig()) as store, \
            pytest.raises(SpecError, match='k / 255'):
        store.append(step)


def test_sources_never_mix() -> None:
    index = ReplayIndex(SPEC, 200)
    origins = ['self', 'imagined', 'teacher', 'self', 'imagined']
    where: dict[str, set[float]] = {'lived': set()}
    for number, step in enumerate(life([6] * 5), 1):
        origin = origins[step.episode]
        index.append(replace(step, provenance=origin))
        if step.action is not None:
            where.setdefault(origin, set()).add(number)
            if origin != 'imagined':
                where['lived'].add(number)
    for source, expected in where.items():
        for batch in (index.draw(np.random.default_rng(0), Draw(500, 4, source=source)),
                      index.draw(np.random.default_rng(0), Draw(500, 4, REVERSE, source=source))):
            assert set(batch.observation[:, 0, 0].tolist()) <= expected
            # Nor within a window, nor as a goal in hindsight.
            lived = batch.observation[:, :, 0][:, :-1][batch.mask > 0]
            assert set(lived.tolist()) <= expected
    assert set(index.draw(np.random.default_rng(0), Draw(2000, 1, source='imagined'))
               .observation[:, 0, 0].tolist()) == where['imagined']
    for pick in PICKS[1:]:
        drawn = index.draw(np.random.default_rng(0), Draw(2000, 1, kind=pick))
        assert set(drawn.observation[:, 0, 0].tolist()) <= where['lived']


def test_an_origin_that_changes_ends_a_window() -> None:
    steps = life([6])
    index = ReplayIndex(SPEC, 50)
    for step in steps:
        index.append(replace(step, provenance='teacher' if step.index < 3 else 'self'))
    batch = index.draw(np.random.default_rng(0), Draw(200, 5))
    assert set(batch.observation[:, 0, 0]) == {1, 2, 4, 5}


@pytest.mark.parametrize(('kind', 'column'), [('surprise', 0), ('rarity', 1), ('gain', 2)])
def test_draws_follow_the_weights(kind: str, column: int) -> None:
    """Proportional prioritisation: P(i) = p_i^0.6 / sum p^0.6, p = value + 0.01."""
    index = filled(life([5, 5, 5]), 12)            # steps 3 to 14 of 0.. are held
    held = np.array([5, 6, 7, 8, 10, 11, 12, 13])  # with a successor, and held
    held = np.concatenate([[3], held])
    before, after = np.full(9, 2.0), np.linspace(0.0, 1.6, 9)
    novelty = np.linspace(1.0, 0.2, 9)
    index.priorities.draw(np.random.default_rng(0), 3, kind)       # the tree is there already
    index.priorities.appraise(held, before, novelty)
    index.priorities.appraise(held, after, novelty)
    values = (after, novelty, before - after)[column]
    expected = (values + 0.01) ** 0.6
    expected = expected / expected.sum()
    batch = index.draw(np.random.default_rng(1), Draw(60_000, 1, kind=kind))
    drawn = batch.observation[:, 0, 0].astype(int) - 1
    counts = np.array([(drawn == step).sum() for step in held])
    assert counts.sum() == 60_000
    chi2 = float(((counts - 60_000 * expected) ** 2 / (60_000 * expected)).sum())
    assert chi2 < 26.12                            # 8 degrees of freedom, p = 0.001


def test_priorities_keep_up_with_the_ring() -> None:
    steps = life([5] * 12)
    index = ReplayIndex(SPEC, 16)
    for number, step in enumerate(steps, 1):
        index.append(step)
        if len(index):
            drawn = index.draw(np.random.default_rng(number), Draw(50, 1, kind='surprise'))
            starts = {n for n in range(max(1, number - 15), number) if n % 5}
            assert set(drawn.observation[:, 0, 0].tolist()) <= starts
    many = index.draw(np.random.default_rng(0), Draw(3000, 1, kind='surprise'))
    assert set(many.observation[:, 0, 0].tolist()) == starts


def test_a_balanced_batch_has_its_shares() -> None:
    index = filled(life([101] * 10), 5000)
    rare = np.arange(20, 30)
    everything = np.arange(1010)
    index.priorities.appraise(everything, np.zeros(1010), np.where(
        np.isin(everything, rare), 1e6, 0.0))
    drawn = index.draw(np.random.default_rng(0), Draw(4000, 1, kind='balanced'))
    start = drawn.observation[:, 0, 0].astype(int) - 1
    recent = start >= 909                          # the newest 100 transitions of 1000
    assert abs(recent.mean() - (RECENT_SHARE + 0.1 * 0.5)) < 0.02
    assert abs(np.isin(start, rare).mean() - RARE_SHARE) < 0.03


def told_life() -> list[Step]:
    """Three episodes of 4 steps: told to succeed at its end, told not to, not told at all."""
    steps = life([4, 4, 4])
    rewards = {1: -2.0, 2: 1.0, 3: 4.0}
    return [replace(s, told=s.episode < 2, success=s.episode == 0 and s.index == 3,
                    reward=rewards.get(s.index, np.nan) if s.episode == 0 else np.nan)
            for s in steps]


def outcomes(index: ReplayIndex, **given: float) -> tuple[np.ndarray, Batch]:
    """Return the steps to which drawn transitions led, counted from 0, and the batch."""
    batch = index.draw(np.random.default_rng(0), Draw(200, 1, **given))
    return batch.numbers[:, 1, 0].astype(int) - 1, batch


def test_a_batch_says_what_the_task_told_of_its_own_goals() -> None:
    steps = told_life()
    led, batch = outcomes(filled(steps, 100), hindsight=0.0)
    assert [*batch.success[:, 0]] == [
        float(steps[n].success) if steps[n].told else -1.0 for n in led]
    # From -2, the worst, to 4, the best: -1 to 0; 1 where there was none.
    expected = {1: -1.0, 2: -0.5, 3: 0.0}
    np.testing.assert_allclose(batch.reward[:, 0], [
        expected.get(steps[n].index, 1.0) if steps[n].episode == 0 else 1.0 for n in led])
    assert not batch.told


def test_of_a_goal_in_hindsight_the_task_told_nothing() -> None:
    _, batch = outcomes(filled(told_life(), 100), hindsight=1.0)
    assert (batch.success == -1.0).all()
    assert (batch.reward == 1.0).all()


def test_where_only_what_is_told_counts_there_is_no_hindsight() -> None:
    steps = told_life()
    index = ReplayIndex(replace(SPEC, told=True), 100)
    for step in steps:
        index.append(step)
    led, batch = outcomes(index, hindsight=1.0, events=0.5)
    assert [*batch.success[:, 0]] == [float(steps[n].success) for n in led]
    np.testing.assert_array_equal(batch.goal, [steps[n - 1].goal for n in led])
    assert batch.told
    # Half of the transitions lead to the one success that was told, of 9 in all.
    assert batch.success.mean() == pytest.approx(0.5, abs=0.08)


def test_a_batch_of_a_life_that_was_told_nothing_says_nothing() -> None:
    _, batch = outcomes(filled(life([4, 4]), 100))
    assert batch.success is None
    assert batch.reward is None
