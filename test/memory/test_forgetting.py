"""What is forgotten when the record has outgrown its quota, and upkeep in rest."""

from pathlib import Path

import numpy as np
import pytest

from abm_ros.common.errors import ConfigError
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Step
from abm_ros.memory.forgetting import QuotaConfig, rarity, to_forget
from abm_ros.memory.record.episodes import EpisodeRecord
from abm_ros.memory.record.store import Store, StoreConfig
from abm_ros.memory.record.verify import verify
from abm_ros.memory.upkeep import Upkeep

SPEC = ObservationSpec((FieldSpec('arm', 3), FieldSpec('tool', 2)), 'tool', 0.05, 2, 0.05, 10)


def record(number: int, place: float = 0.0, success: bool = False,
           surprise: float = 0.0) -> EpisodeRecord:
    return EpisodeRecord(number, number * 10 + 1, number * 10 + 10, 10, 9, 1000, 'task', success,
                         True, 'self', np.nan, surprise,
                         np.array([place + 0.001 * number], np.float32))


def test_rarity_is_the_mean_distance_to_five_neighbours() -> None:
    points = np.arange(40, dtype=np.float32)[:, None] ** 2
    scaled = (points - points.mean()) / points.std()
    expected = [np.sort(np.abs(scaled[:, 0] - p))[1:6].mean() for p in scaled[:, 0]]
    np.testing.assert_allclose(rarity(points), expected, rtol=1e-5)
    assert rarity(points[:1]).tolist() == [0.0]


def test_nothing_is_forgotten_within_the_quota() -> None:
    episodes = [record(n) for n in range(50)]
    assert to_forget(episodes, QuotaConfig(quota_bytes=50_000, quota_episodes=50)) == []
    assert to_forget([], QuotaConfig()) == []


@pytest.mark.parametrize('limits', [{'quota_bytes': 20_000}, {'quota_episodes': 20}])
def test_the_rare_the_successful_and_the_surprising_stay(limits: dict[str, int]) -> None:
    """100 alike, but for three of a kind long ago, a success and a surprise."""
    episodes = [record(n, place=100.0 if n in (3, 4, 5) else 0.0, success=n == 10,
                       surprise=0.9 if n == 12 else 0.0) for n in range(100)]
    gone = to_forget(episodes, QuotaConfig(**limits))
    assert len(gone) == 80
    assert not {3, 4, 5, 10, 12} & set(gone)
    assert not set(range(90, 100)) & set(gone), 'the newest tenth stays'


def test_quota_bounds() -> None:
    with pytest.raises(ConfigError, match='quota_episodes'):
        QuotaConfig(quota_episodes=1)


def test_upkeep_forgets_merges_and_gives_space_back(tmp_path: Path) -> None:
    path = tmp_path / 'm.db'
    with Store(path, SPEC, StoreConfig(commit_count=5)) as store:
        for episode in range(100):
            for index in range(10):
                store.append(Step(episode, index, 1 + episode * 10 + index,
                                  np.full(5, episode, np.float32), np.zeros(2, np.float32),
                                  None if index == 9 else np.zeros(2, np.float32), 'play',
                                  False))
                store.poll()
        store.flush()
        upkeep = Upkeep(store, QuotaConfig(quota_episodes=30))
        upkeep.run()
        assert not upkeep.step()
        assert upkeep.forgotten == 700
        totals = store.totals()
        assert (totals['episodes'], totals['steps']) == (30, 300)
        assert totals['chunks'] <= 4
        assert store.size()['free'] == 0
        assert verify(store).sound
        # It goes on where it was.
        assert store.append(Step(100, 0, 10 ** 6, np.zeros(5, np.float32),
                                 np.zeros(2, np.float32), None, 'play', False)) == 1001
        store.flush()
        assert upkeep.step()
