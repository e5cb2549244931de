"""The records that the memory benchmarks write: episodes of a small arm, made without a body."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Step
from abm_ros.memory.record.blocks import StepBlock
from abm_ros.memory.record.file_format import transaction
from abm_ros.memory.record.store import Store, StoreConfig

# What the simulated arm's observation has: 17 numbers, a goal of 3, 7 joints to move.
SPEC = ObservationSpec(
    (FieldSpec('joint_position', 7), FieldSpec('joint_velocity', 7), FieldSpec('tool', 3)),
    'tool', 0.05, 7, 0.05, 50)
EPISODE = 50
_PERIOD_NS = 50_000_000


class Records:
    """A life of N steps in episodes of 50: joints driven at random, drawn from one seed."""

    def __init__(self, count: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.action = rng.uniform(-1, 1, (count, 7)).astype(np.float32)
        position = np.zeros((count, 7), np.float32)
        for start in range(0, count, EPISODE):
            moved = np.cumsum(0.05 * self.action[start:start + EPISODE], 0)
            position[start + 1:start + EPISODE] = moved[:-1]
        tool = np.sin(position @ rng.normal(size=(7, 3))).astype(np.float32)
        self.observation = np.concatenate([position, 0.05 * self.action, tool], 1)
        self.goal = rng.uniform(-1, 1, (count // EPISODE + 1, 3)).astype(np.float32)
        self.count = count

    def steps(self, first_episode: int = 0) -> Iterator[Step]:
        """Iterate over them as a recorder hands them over, from this episode number on."""
        for number in range(self.count):
            episode, index = divmod(number, EPISODE)
            yield Step(first_episode + episode, index, number * _PERIOD_NS,
                       self.observation[number], self.goal[episode],
                       None if index == EPISODE - 1 else self.action[number], 'task', False)

    def block(self, first_id: int, first_episode: int) -> StepBlock:
        """Return all of them at once, with ids from `first_id` on."""
        number = np.arange(self.count)
        episode, index = np.divmod(number, EPISODE)
        acted = index < EPISODE - 1
        goal = self.goal[episode]
        return StepBlock(
            first_id + number, first_episode + episode, index, number * _PERIOD_NS,
            np.zeros(self.count, np.uint8), np.zeros(self.count, np.uint8), acted,
            np.zeros(self.count, np.bool_), np.zeros(self.count, np.bool_),
            np.full(self.count, np.nan, np.float32), np.zeros(self.count, np.int64),
            np.full((self.count, 2), np.nan, np.float32),
            np.concatenate([self.observation, goal, self.action * acted[:, None]], 1),
            np.empty((self.count, 0), np.uint8), ('task',))


def fill(path: Path, count: int, chunk: int, seed: int) -> None:
    """Write a record of many steps quickly, in chunks of so many."""
    with Store(path, SPEC, StoreConfig()) as store:
        part = Records(50_000, seed)
        for start in range(0, count, part.count):
            block = part.block(start + 1, start // EPISODE).take(slice(0, count - start))
            with transaction(store.db):
                for place in range(0, len(block), chunk):
                    store.write_block(block.take(slice(place, place + chunk)))
        store.resume()
