"""The records that flow through the agent: an observation, a lived step, a replayed batch."""

import functools
import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from abm_ros.common.packing import joined

PROVENANCES = ('self', 'teacher', 'imagined')
LIVED = ('self', 'teacher')


class Observation(NamedTuple):
    """One fused observation of the body, with the goal that was valid at its stamp."""

    stamp_ns: int
    vector: np.ndarray                 # (D,) float32
    goal: np.ndarray                   # (G,) float32, the desired goal
    episode: int
    step: int                          # 0 at the first observation seen of its episode
    whole: bool = False                # whether the episode was seen from its beginning

    def follows(self, other: 'Observation') -> bool:
        """Tell whether this observation is the next one of the same episode."""
        return self.episode == other.episode and self.step == other.step + 1


@dataclass(frozen=True)
class Step:
    """
    One control step as it was lived.

    The action is the one executed after the motor gate, normalised to [-1, 1]; None when the
    episode ended with this observation. `novelty` of the observation, in [0, 1], and `surprise`,
    the error of System A's prediction of what followed (1: as wrong as predicting no change), are
    nan where they were not known when the step was stored.
    """

    episode: int
    index: int
    stamp_ns: int
    observation: np.ndarray            # (D,) float32
    goal: np.ndarray                   # (G,) float32, the desired goal
    action: np.ndarray | None          # (A,) float32
    mode: str
    success: bool
    provenance: str = 'self'
    novelty: float = math.nan
    surprise: float = math.nan


@dataclass(frozen=True)
class Batch:
    """
    Windows of L steps that never cross an episode's end; what lies past it is masked out.

    A padded step repeats the last observation with a zero action and has mask 0.
    """

    numbers: np.ndarray                # (B, L + 1, V) float32, what is no image
    action: np.ndarray                 # (B, L, A) float32
    mask: np.ndarray                   # (B, L) float32, 1 where the transition was lived
    goal: np.ndarray                   # (B, G) float32, hindsight or desired goal
    pixels: np.ndarray | None = None   # (B, L + 1, P) uint8 of the images, None without any

    @functools.cached_property
    def observation(self) -> np.ndarray:
        """What was observed, (B, L + 1, D) float32."""
        return self.numbers if self.pixels is None else joined(self.numbers, self.pixels)

    def column(self, t: int) -> 'Batch':
        """Return the single transition at time t of every window."""
        return replace(self, numbers=self.numbers[:, t:t + 2], action=self.action[:, t:t + 1],
                       mask=self.mask[:, t:t + 1],
                       pixels=None if self.pixels is None else self.pixels[:, t:t + 2])
