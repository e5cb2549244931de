"""Steps, in order with what System A tells of the world."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from abm_ros.common.transition import Step
from abm_ros.memory.steps_in_worlds import StepsInWorlds
from abm_ros.world_model.worlds.told import HeardWorld, ToldWorld


def step(stamp_ns: int) -> Step:
    return Step(0, stamp_ns, stamp_ns, np.zeros(2), np.zeros(1), np.zeros(1), 'task', False)


def word(stamp_ns: int, began: int = 0) -> HeardWorld:
    return HeardWorld(stamp_ns, stamp_ns, 0, ToldWorld(stamp_ns, began, 0.0, 0.0, {}))


class Followed:
    """An index that remembers what it was told since the last step."""

    spec = SimpleNamespace(action_size=1, numbers=2)
    lived_world = 0

    def __init__(self) -> None:
        self.told: list[int] = []

    def follow(self, told: ToldWorld) -> int:
        self.told.append(told.world)
        return 0


def in_worlds() -> StepsInWorlds:
    return StepsInWorlds(SimpleNamespace(worlds='{}'), Followed(), threading.Lock(), pytest.fail)


def settled(steps: StepsInWorlds, *stamps: int, **how) -> list[tuple[int, list[int]]]:
    found = []
    for taken in steps.settle(map(step, stamps), **how):
        found.append((taken.stamp_ns, steps._index.told))
        steps._index.told = []
    return found


def test_a_step_takes_what_was_told_up_to_its_observation() -> None:
    steps = in_worlds()
    for stamp in (1, 2, 4):
        steps.hear(word(stamp))
    assert settled(steps, 1, 3) == [(1, [1]), (3, [2])]
    assert settled(steps, 5) == [(5, [4])]
    assert settled(steps, 6) == [(6, [])]       # late: the next one takes it
    steps.hear(word(6))
    assert settled(steps, 7) == [(7, [6])]


def test_exact_steps_wait_for_their_word() -> None:
    steps = in_worlds()
    steps.exact = True
    assert settled(steps, 1, 2) == []
    steps.hear(word(1))
    assert settled(steps) == [(1, [1])]
    assert settled(steps) == []
    steps.hear(word(2))
    steps.hear(word(3))
    assert settled(steps, 3, 4) == [(2, [2]), (3, [3])]
    assert settled(steps, last=True) == [(4, [])]


def test_where_nothing_is_recorded_the_beginning_of_a_world_is_kept() -> None:
    steps = in_worlds()
    for stamp in range(1, 500):
        steps.hear(word(stamp, began=int(stamp == 3)))
    (_, worlds), = settled(steps, 600)
    assert (worlds[0], worlds[-1]) == (3, 499)
    assert len(worlds) < 100


def test_a_clock_that_was_set_back_drops_the_words_of_before() -> None:
    steps = in_worlds()
    steps.hear(word(900))
    steps.hear(word(5))
    assert settled(steps, 5) == [(5, [5])]
