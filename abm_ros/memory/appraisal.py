"""
What System A's newest model makes of what memory holds: novelty, surprise, learning gain.

Novelty is the mean distance to the nearest neighbours among a library of lived observations, in
A's latent space, relative to what is usual in the library itself: 0.5 for an observation as far
from its neighbours as the median lived one is from its own, 0 for one seen before, towards 1 for
one far from all (x / (1 + x)). Surprise is the squared error of A's prediction of what followed,
relative to the average change that a step makes: 1 is as wrong as predicting no change.

A new model has another latent space: the library is embedded anew and transitions are appraised
again, from which comes how much was learned about each.
Source: novelty by k nearest neighbours, Badia et al. 2020, Never give up, sec. 2 (there episodic).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from abm_ros.common.config import check, setting
from abm_ros.common.scaling import saturating
from abm_ros.memory.replay.index import ReplayIndex
from abm_ros.world_model.perception import PerceivingModel

_CHUNK = 32            # transitions read from the index at a time


@dataclass(frozen=True)
class AppraisalConfig:
    """How much of memory is appraised, and how often."""

    library: int = setting(1024, "Transitions appraised with each of System A's models, whose "
                           'observations novelty is measured against.', low=16, high=1_000_000)
    neighbours: int = setting(5, 'Nearest neighbours whose mean distance is novelty.',
                              low=1, high=100)
    appraise_period_s: float = setting(
        5.0, 'Least time between two appraisals; models between them are passed over.',
        unit='s', low=0.0, high=3600.0)

    def __post_init__(self) -> None:
        check(self)


class Transitions(NamedTuple):
    """Some transitions of an index; `step` (N,) are the absolute numbers of their first steps."""

    step: np.ndarray
    before: np.ndarray                 # (N, D) float32
    action: np.ndarray                 # (N, A) float32
    after: np.ndarray                  # (N, D) float32


@dataclass(frozen=True)
class Appraised:
    """What an appraisal says of the transitions that it looked at."""

    step: np.ndarray                   # (N,) absolute
    surprise: np.ndarray               # (N,) at least 0
    novelty: np.ndarray                # (N,) in [0, 1], of what each led to


def draw(index: ReplayIndex, rng: np.random.Generator, count: int) -> np.ndarray:
    """Return the first steps (N,) of lived transitions to appraise; all where there are few."""
    return np.unique(index.starts('lived').transitions.draw(rng, count))


def read(index: ReplayIndex, step: np.ndarray) -> Iterator[Callable[[], Transitions]]:
    """
    Iterate over readers of a few transitions each, to be called while the index stands still.

    Transitions that were overwritten meanwhile are left out.
    """
    for start in range(0, len(step), _CHUNK):
        part = step[start:start + _CHUNK]

        def chunk(part: np.ndarray = part) -> Transitions:
            held = part[part >= index.oldest]
            return Transitions(held, index.observation(held),
                               index.action[held % index.capacity], index.observation(held + 1))
        yield chunk


class Appraiser:
    """One model and the library embedded with it; never changed once made."""

    def __init__(self, model: PerceivingModel, chunks: Iterator[Transitions],
                 neighbours: int) -> None:
        """Perceive every transition once."""
        self._model = model
        self.version = model.version
        read = [(chunk.step, *model.perceive(chunk.after, chunk.before, chunk.action)[:2])
                for chunk in chunks if len(chunk.step)]
        step, points, error = (np.concatenate(part) for part in zip(*read, strict=True)) if read \
            else (np.zeros(0, np.int64), np.zeros((0, 1)), np.zeros((0, 2)))
        self._neighbours = min(neighbours, max(1, len(points) - 1))
        self._change = max(float(error[:, 1].mean()) if len(error) else 0.0, 1e-9)
        self._tree: cKDTree | None = None
        self._usual = 1.0
        own = np.full(len(points), np.nan)
        if len(points) > self._neighbours:
            self._tree = cKDTree(points)
            distance, _ = self._tree.query(points, self._neighbours + 1)
            own = distance[:, 1:].mean(1)                # the first one is the point itself
            self._usual = max(float(np.median(own)), 1e-9)
        self.appraised = Appraised(
            step, error[:, 0] / self._change,
            np.array([saturating(d / self._usual) for d in own]))

    def novelty(self, observation: np.ndarray) -> float:
        """Return the novelty in [0, 1] of an observation (D,), nan while too little is known."""
        if self._tree is None:
            return float('nan')
        latent = self._model.encode(observation[None])[0]
        distance, _ = self._tree.query(latent, self._neighbours)
        return saturating(float(np.mean(distance)) / self._usual)

    def surprise(self, before: np.ndarray, action: np.ndarray, after: np.ndarray) -> float:
        """Return the surprise of a transition: observations (D,), action (A,)."""
        error = self._model.perceive(after[None], before[None], action[None])[1]
        return float(error[0, 0]) / self._change
