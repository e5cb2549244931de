"""
Imagined trajectories in RAM, beside what was lived and never mixed with it (decision 0035).

They are not in the durable record: a model makes them again, better, whenever it is asked.
"""

from dataclasses import dataclass

import numpy as np

from abm_ros.common.config import check, setting
from abm_ros.common.errors import SpecError, StoreError
from abm_ros.common.spec import ObservationSpec, check_array
from abm_ros.common.transition import PROVENANCES, Batch, Imagined
from abm_ros.memory.record.blocks import StepBlock
from abm_ros.memory.replay.draw import Draw
from abm_ros.memory.replay.index import ReplayIndex

IMAGINED = 'imagined'
_ORIGIN = PROVENANCES.index(IMAGINED)


@dataclass(frozen=True)
class ImaginedConfig:
    """How much that was imagined is kept, and how much of it is replayed before more is."""

    imagined_capacity: int = setting(
        50_000, 'Newest imagined steps kept in RAM for replay.', low=2, high=100_000_000)
    imagined_use: float = setting(
        0.6, 'Times that an imagined transition is replayed, on average, before more seeds are '
        'given; 0 waits for nothing.', low=0.0, high=1000.0)

    def __post_init__(self) -> None:
        check(self)


class ImaginedReplay:
    """
    Holds the newest imagined trajectories and draws from them.

    :param spec: of what is imagined.
    """

    def __init__(self, spec: ObservationSpec, config: ImaginedConfig) -> None:
        self._config, self._spec = config, spec
        self._index = ReplayIndex(spec, config.imagined_capacity)
        self._episode = 0
        self._owed = 0.0       # windows to be drawn before more is imagined
        self._given = False    # seeds, whose dreams have not come yet
        self.taken = self.drawn = 0

    @property
    def wants_more(self) -> bool:
        """Whether what was imagined has come and was replayed often enough."""
        return self._owed <= 0 and not self._given

    def give_seeds(self) -> None:
        """
        Note that seeds are given; no more are until their dreams were taken.

        :raises StoreError: no more is wanted now.
        """
        if not self.wants_more:
            raise StoreError('what was imagined last is to be replayed first')
        self._given = True

    def interrupt(self) -> None:
        """Wait no longer for dreams: nobody dreams now."""
        self._given = False

    def take(self, imagined: Imagined) -> None:
        """
        Take trajectories.

        :raises SpecError: they do not fit the spec, their lengths or finite numbers.
        """
        self._given = False
        if len(imagined.length):
            block = block_of(imagined, self._spec, self._episode)
            self._index.append_block(block)
            self._episode += len(imagined.length)
        transitions = int(imagined.length.sum())
        self.taken += transitions
        self._owed = self._config.imagined_use * transitions

    def draw(self, rng: np.random.Generator, draw: Draw) -> Batch:
        """
        Draw windows, as `ReplayIndex`.

        :raises StoreError: nothing is held yet.
        """
        if not self._episode:
            raise StoreError('nothing was imagined yet; wait until a dream succeeds')
        batch = self._index.draw(rng, draw)
        self._owed -= len(batch.mask)
        self.drawn += len(batch.mask)
        return batch


def block_of(imagined: Imagined, spec: ObservationSpec, first_episode: int) -> StepBlock:
    """
    Return trajectories as steps, of episodes from this number on.

    :raises SpecError: see `ImaginedReplay.take`.
    """
    length = imagined.length
    if length.ndim != 1 or length.min() < 1:
        raise SpecError(f'imagined: expected lengths (K,) of at least 1, got {length}')
    count, ends = int(length.sum()) + len(length), np.cumsum(length + 1)
    numbers = check_array('numbers', imagined.numbers, (count, spec.numbers))
    action = check_array('action', imagined.action, (count, spec.action_size))
    goal = check_array('goal', imagined.goal, (len(length), spec.goal_size))
    episode = np.repeat(np.arange(len(length)), length + 1)
    acted = np.ones(count, np.bool_)
    acted[ends - 1] = False
    return StepBlock(
        np.zeros(count, np.int64), first_episode + episode,
        np.arange(count) - np.repeat(ends - length - 1, length + 1), np.zeros(count, np.int64),
        np.zeros(count, np.uint8), np.full(count, _ORIGIN, np.uint8), acted, ~acted,
        np.zeros(count, np.bool_), np.full(count, np.nan, np.float32),
        np.zeros(count, np.int64),     # where effective actions are the executed ones
        np.full((count, 2), np.nan, np.float32),
        np.concatenate([numbers, goal[episode], action], axis=1),
        np.zeros((count, 0), np.uint8), ('imagine',))
