"""
Chooses the episodes to forget when the record exceeds its quota (decision 0038).

First in, first out would lose an old skill that is no longer practised. Here each episode has a
worth: its surprise, its success and its rarity among the episodes that stay. Rarity is computed
again as episodes go, so that a few of many similar episodes remain.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from abm_ros.common.config import check, setting
from abm_ros.memory.record.episodes import EpisodeRecord

_NEIGHBOURS = 5
_ROUNDS = 16           # how often rarity is computed again while episodes go


@dataclass(frozen=True)
class QuotaConfig:
    """How large the durable record may grow, and which episodes are worth keeping."""

    quota_bytes: int = setting(
        20_000_000_000, 'Bytes of steps kept in the record.', unit='B', low=10_000)
    quota_episodes: int = setting(1_000_000, 'Episodes kept in the record.', low=2)
    keep_newest: float = setting(
        0.1, 'Share of the episodes, the newest, that is never forgotten.', low=0.0, high=1.0)
    worth_surprise: float = setting(
        1.0, 'Weight of surprise in what an episode is worth.', low=0.0, high=100.0)
    worth_success: float = setting(
        1.0, 'Weight of success in what an episode is worth.', low=0.0, high=100.0)
    worth_rarity: float = setting(
        2.0, 'Weight of rarity in what an episode is worth.', low=0.0, high=100.0)

    def __post_init__(self) -> None:
        check(self)


def to_forget(episodes: Sequence[EpisodeRecord], config: QuotaConfig) -> list[int]:
    """
    Choose the episodes to forget so that the rest fits the quota; the newest are kept.

    :param episodes: the summaries, in the order lived.
    :return: episode numbers; empty while the record is within its quota.
    """
    size = np.array([e.bytes for e in episodes], float)
    staying = np.ones(len(episodes), np.bool_)
    free = int(len(episodes) * (1.0 - config.keep_newest))
    for left in range(_ROUNDS, 0, -1):
        excess = size[staying].sum() - config.quota_bytes
        surplus = int(staying.sum()) - config.quota_episodes
        if (excess <= 0 and surplus <= 0) or not staying[:free].any():
            break
        candidates = np.flatnonzero(staying[:free])
        order = candidates[np.argsort(
            worth(episodes, staying, config)[candidates], kind='stable')]
        enough = max(surplus, int(np.searchsorted(np.cumsum(size[order]), excess)) + 1)
        staying[order[:-(-enough // left)]] = False
    return [e.episode for e, stays in zip(episodes, staying, strict=True) if not stays]


def worth(episodes: Sequence[EpisodeRecord], among: np.ndarray, config: QuotaConfig
          ) -> np.ndarray:
    """
    Return the worth (N,) of each episode; 0 for episodes that are not considered.

    :param among: (N,) bool, the episodes considered; rarity is measured among them.
    """
    total = np.zeros(len(episodes))
    chosen = [e for e, stays in zip(episodes, among, strict=True) if stays]
    if not chosen:
        return total
    surprise = np.array([e.surprise for e in chosen])
    parts = (
        config.worth_surprise * _ranks(np.where(np.isnan(surprise), np.inf, surprise)),
        config.worth_success * np.array([e.success for e in chosen], float),
        config.worth_rarity * _ranks(rarity(np.stack([e.sketch for e in chosen]))))
    total[among] = np.sum(parts, axis=0)
    return total


def rarity(sketches: np.ndarray) -> np.ndarray:
    """
    Return the mean distance (N,) of each sketch (N, S) to its 5 nearest neighbours.

    Distances are in standard deviations; 0 when there is only one sketch.
    """
    if len(sketches) < 2:
        return np.zeros(len(sketches))
    spread = sketches.std(0)
    points = (sketches - sketches.mean(0)) / np.where(spread > 1e-6, spread, 1.0)
    near = min(_NEIGHBOURS, len(points) - 1)
    distance, _ = cKDTree(points).query(points, near + 1)
    mean: np.ndarray = distance[:, 1:].mean(1)
    return mean


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return for each value the share of values below it, in [0, 1); ties are equal."""
    return np.searchsorted(np.sort(values), values) / len(values)
