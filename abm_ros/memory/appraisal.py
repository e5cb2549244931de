"""
Appraisal of experience by System A's newest model: novelty, surprise, learning gain.

Novelty is the mean distance d, in A's latent space, of an observation to its nearest neighbours
in a library of lived observations. It is scaled to [0, 1) as x / (1 + x), where x is d over the
median of the same distance within the library: 0 for an observation seen before, 0.5 for an
ordinary one. Surprise is the squared error of A's prediction of the next observation, relative to
the average change of a step: 1 is as wrong as predicting no change.

A new model has another latent space. The library is then embedded again and its transitions are
appraised again; the fall of their surprise is what was learned about them. See decision 0036.
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
    """How many transitions are appraised, and how often."""

    library: int = setting(1024, "Transitions appraised with each of System A's models; novelty "
                           'is measured against their observations.', low=16, high=1_000_000)
    neighbours: int = setting(5, 'Nearest neighbours whose mean distance is novelty.',
                              low=1, high=100)
    appraise_period_s: float = setting(
        5.0, 'Least time between two appraisals; models that come in between are skipped.',
        unit='s', low=0.0, high=3600.0)

    def __post_init__(self) -> None:
        check(self)


class Transitions(NamedTuple):
    """Transitions of an index; `step` (N,) holds the absolute numbers of their first steps."""

    step: np.ndarray
    before: np.ndarray                 # (N, D) float32
    action: np.ndarray                 # (N, A) float32
    after: np.ndarray                  # (N, D) float32


@dataclass(frozen=True)
class Appraised:
    """The result of an appraisal, for N transitions."""

    step: np.ndarray                   # (N,) absolute
    surprise: np.ndarray               # (N,) at least 0
    novelty: np.ndarray                # (N,) in [0, 1], of the observation that followed


def draw(index: ReplayIndex, rng: np.random.Generator, count: int) -> np.ndarray:
    """Draw lived transitions to appraise; return their first steps (N,), all if there are few."""
    return np.unique(index.starts('lived').transitions.draw(rng, count))


def read(index: ReplayIndex, step: np.ndarray) -> Iterator[Callable[[], Transitions]]:
    """
    Iterate over functions that read a few transitions each; call them while nothing is appended.

    Transitions that were overwritten before the call are left out.
    """
    for start in range(0, len(step), _CHUNK):
        part = step[start:start + _CHUNK]

        def chunk(part: np.ndarray = part) -> Transitions:
            held = part[part >= index.oldest]
            action = index.effective_in(held % index.capacity)
            return Transitions(held, index.true_observation(held), action,
                               index.true_observation(held + 1))
        yield chunk


class Appraiser:
    """A model and the library that it embedded; immutable."""

    def __init__(self, model: PerceivingModel, chunks: Iterator[Transitions],
                 neighbours: int) -> None:
        """Perceive every transition once, which takes tens of microseconds each."""
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
        """Return the novelty in [0, 1] of an observation (D,); nan if the library is too small."""
        if self._tree is None:
            return float('nan')
        latent = self._model.encode(observation[None])[0]
        distance, _ = self._tree.query(latent, self._neighbours)
        return saturating(float(np.mean(distance)) / self._usual)

    def surprise(self, before: np.ndarray, action: np.ndarray, after: np.ndarray) -> float:
        """Return the surprise of a transition: observations (D,), action (A,)."""
        error = self._model.perceive(after[None], before[None], action[None])[1]
        return float(error[0, 0]) / self._change
