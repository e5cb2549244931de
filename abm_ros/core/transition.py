"""The two records that flow through memory: a lived step, and a replayed batch."""

from dataclasses import dataclass

import numpy as np

PROVENANCES = ('self', 'teacher', 'imagined')


@dataclass(frozen=True)
class Step:
    """
    One control step as it was lived.

    The action is the one executed after the motor gate, normalised to [-1, 1]; None when the
    episode ended with this observation.
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


@dataclass(frozen=True)
class Batch:
    """
    Windows of L steps that never cross an episode's end; what lies past it is masked out.

    A padded step repeats the last observation with a zero action and has mask 0.
    """

    observation: np.ndarray            # (B, L + 1, D) float32
    action: np.ndarray                 # (B, L, A) float32
    mask: np.ndarray                   # (B, L) float32, 1 where the transition was lived
    goal: np.ndarray                   # (B, G) float32, hindsight or desired goal
