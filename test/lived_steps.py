"""Steps of small made-up lives, and an index that holds them."""

from collections.abc import Sequence

import numpy as np

from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Step
from abm_ros.memory.replay.index import ReplayIndex

SPEC = ObservationSpec((FieldSpec('arm', 1), FieldSpec('tool', 2)), 'tool', 0.05, 1, 0.05, 10)


def make_step(number: int, episode: int, index: int, last: bool, success: bool = False) -> Step:
    """Make a step whose every array tells its number in the whole life, from 1."""
    return Step(episode, index, number, np.array([number, number, -number], np.float32),
                np.array([1000 + number, 0], np.float32),
                None if last else np.array([number + 0.5], np.float32), 'play', success)


def life(lengths: Sequence[int], cut: Sequence[bool] = (), won: Sequence[int] = ()) -> list[Step]:
    """Episodes of these many steps; a cut one keeps an action in its last step."""
    steps: list[Step] = []
    for episode, length in enumerate(lengths):
        torn = episode < len(cut) and cut[episode]
        for index in range(length):
            last = index == length - 1
            steps.append(make_step(len(steps) + 1, episode, index, last and not torn,
                                   last and episode in won))
    return steps


def filled(steps: Sequence[Step], capacity: int) -> ReplayIndex:
    index = ReplayIndex(SPEC, capacity)
    for step in steps:
        index.append(step)
    return index
