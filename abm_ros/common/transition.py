"""The records that flow through the agent: observation, step, batch."""

import functools
import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from abm_ros.common.packing import joined

PROVENANCES = ('self', 'teacher', 'imagined')
LIVED = ('self', 'teacher')
# The modes that steps of a teacher are labelled with, before the teacher's name: the actions were
# shown, or System A inferred them.
SHOWN, INFERRED = 'imitate', 'observe'
# And own steps whose action was a person's.
CORRECTED = 'correct'


class Imagined(NamedTuple):
    """
    K imagined trajectories that reached their goals, their S steps one after another.

    `length` counts the transitions of each; the step after its last one has a zero action.
    """

    numbers: np.ndarray                # (S, V) float32, plain numbers as the model reads them out
    action: np.ndarray                 # (S, A) float32 in [-1, 1]
    goal: np.ndarray                   # (K, G) float32
    length: np.ndarray                 # (K,) int


class Observation(NamedTuple):
    """
    One fused observation of the body, with the goal that was valid at its stamp.

    `success` and `reward` are what the task told of the step that led here: None and nan for
    nothing. `teacher` is who shows it, '' where it is the body's own. Then `shown` is the action
    that followed, None where that was not shown, and `last` says that the demonstration ends.
    """

    stamp_ns: int
    vector: np.ndarray                 # (D,) float32
    goal: np.ndarray                   # (G,) float32, the desired goal
    episode: int
    step: int                          # 0 at the episode's first observation that was seen
    whole: bool = False                # whether the episode was seen from its beginning
    success: bool | None = None
    reward: float = math.nan
    teacher: str = ''
    shown: np.ndarray | None = None    # (A,) float32
    last: bool = False

    def follows(self, other: 'Observation') -> bool:
        """Tell whether this observation is the next one of the same episode."""
        return self.episode == other.episode and self.step == other.step + 1


@dataclass(frozen=True)
class Step:
    """
    One control step as it was lived.

    The action is the one that the motor gate executed, normalised to [-1, 1]; None if the episode
    ended with this observation. `novelty` is that of the observation, in [0, 1]. `surprise` is the
    error of System A's prediction of the next observation; 1 is as wrong as predicting no change.
    Both are nan if unknown when the step was stored. `told` says that the task told the success,
    which is a matter of distance otherwise; `reward` is nan if none was told. `world` is the
    number of the world in which it was lived, as far as System A could tell.
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
    told: bool = False
    reward: float = math.nan
    world: int = 0


def label_of(teacher: str, *, shown: bool) -> str:
    """Return the mode that a step of a teacher is labelled with."""
    return f'{SHOWN if shown else INFERRED}:{teacher}'


def teacher_of(mode: str) -> tuple[str, bool]:
    """Return the teacher that a label names, '' for none, and whether actions were shown."""
    kind, _, name = mode.partition(':')
    return (name, kind == SHOWN) if kind in (SHOWN, INFERRED) else ('', True)


def corrected_by(teacher: str) -> str:
    """Return the mode that an own step which a teacher corrected is labelled with."""
    return f'{CORRECTED}:{teacher}'


def corrector_of(mode: str) -> str:
    """Return the teacher whose correction a label names, '' for none."""
    kind, _, name = mode.partition(':')
    return name if kind == CORRECTED else ''


@dataclass(frozen=True)
class Batch:
    """
    Windows of L steps, none of which crosses the end of an episode.

    A window past the end is padded: its steps repeat the last observation with a zero action and
    have mask 0.

    What the task told of the steps that followed, for the goal of the window: `success` is 1 or 0,
    and -1 where the distance decides; `reward` is between -1, the worst that was ever told, and 0,
    the best, and 1 where none was told. None where nothing ever was. `told`: see ObservationSpec.

    Where a named teacher ever showed something, `weight` says how much is learned from a window: 1
    from what the robot did itself, up to 1 from a demonstration; `shown` is 1 for demonstrations
    whose actions were shown, 0.5 where they were inferred, 0 for own steps. Own steps that a
    person corrected have the trust in that person, negative: they were lived, and are imitated.
    """

    numbers: np.ndarray                # (B, L + 1, V) float32, the plain numbers
    action: np.ndarray                 # (B, L, A) float32
    mask: np.ndarray                   # (B, L) float32, 0 for padding
    goal: np.ndarray                   # (B, G) float32, hindsight or desired goal
    pixels: np.ndarray | None = None   # (B, L + 1, P) uint8 of the images, None without any
    success: np.ndarray | None = None  # (B, L) float32
    reward: np.ndarray | None = None   # (B, L) float32
    told: bool = False
    weight: np.ndarray | None = None   # (B,) float32
    shown: np.ndarray | None = None    # (B,) float32

    @functools.cached_property
    def observation(self) -> np.ndarray:
        """The observations (B, L + 1, D) float32."""
        return self.numbers if self.pixels is None else joined(self.numbers, self.pixels)

    def column(self, t: int) -> 'Batch':
        """Return the single transition at time t of every window."""
        return replace(self, numbers=self.numbers[:, t:t + 2], action=self.action[:, t:t + 1],
                       mask=self.mask[:, t:t + 1],
                       pixels=None if self.pixels is None else self.pixels[:, t:t + 2],
                       success=None if self.success is None else self.success[:, t:t + 1],
                       reward=None if self.reward is None else self.reward[:, t:t + 1])
