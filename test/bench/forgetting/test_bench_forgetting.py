"""The forgetting benchmark: its world and its two ways to forget, not its figures."""

import numpy as np
import pytest

pytest.importorskip('torch')

import itertools

from abm_ros.bench.forgetting import run
from abm_ros.memory.record.store import Store, StoreConfig


def test_each_side_answers_in_its_own_direction() -> None:
    rng = np.random.default_rng(0)
    for side in (-1.0, 1.0):
        steps = run._episode(0, side, rng, None)
        for before, after in itertools.pairwise(steps):
            np.testing.assert_allclose(after.observation - before.observation,
                                       -side * 0.15 * before.action, atol=1e-6)
        assert steps[-1].action is None
        assert all(np.sign(step.goal[0]) == side for step in steps)


def test_first_in_first_out_keeps_the_newest_that_fit(tmp_path) -> None:
    rng = np.random.default_rng(0)
    with Store(tmp_path / 'm.db', run.SPEC, StoreConfig()) as store:
        for number in range(30):
            for step in run._episode(number, -1.0, rng, None):
                store.append(step)
            store.flush()
        sizes = [e.bytes for e in store.episodes()]
        quota = sum(sizes[-7:]) + 1
        for forgets in ('fifo', 'worth'):
            life = run.SkillLife(15, max(quota, 10_000), forgets, 'uniform')
            gone = run._forgotten(store, life)
            kept = [size for number, size in enumerate(sizes) if number not in gone]
            assert sum(kept) <= life.quota_bytes
            if forgets == 'fifo':
                assert gone == sorted(gone, reverse=True)
                assert gone[0] == 29 - len(kept)
                assert sum(kept) + sizes[gone[0]] > life.quota_bytes


def test_a_short_life_ends_with_a_figure_for_each_evaluation() -> None:
    curve, second = run.live(run.SkillLife(10, 10_000, 'worth', 'balanced'), 0)
    assert len(curve) == 2
    assert all(0.0 <= share <= 1.0 for share in (*curve, second))
