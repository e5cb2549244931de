"""
The curriculum: which lives a generation lives, with growing diversity and unpredictability.

The first generation knows the first script alone, each later one more of them, and the last all.
Meanwhile shifts come at less and less predictable times, and with other and other sizes.
Source: arXiv:2603.15381, section 4.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from abm_ros.bodies.shift.script import Event, LifeScript
from abm_ros.common.seeds import derive_seed, generator

# How far times and sizes of shifts vary in the last generation, as a share.
_TIME, _SIZE = 0.25, 0.25
_KEEPS_SIZE = ('swap', 'latency')     # kinds whose value is a count


def lives_of(scripts: Sequence[LifeScript], generation: int, generations: int, count: int,
             seed: int) -> list[tuple[LifeScript, int]]:
    """
    Return the lives of a generation, each with its seed: the same for all individuals.

    :param generation: from 1.
    :param count: how many lives an individual lives at most.
    """
    share = min(1.0, generation / generations)
    known = scripts[:max(1, round(share * len(scripts)))]
    rng = generator(seed, f'evolution/lives/{generation}')
    order = [known[-1], *(known[int(i)] for i in rng.integers(len(known), size=count - 1))]
    return [(varied(script, share, rng), derive_seed(seed, f'life/{generation}/{n}') % 2 ** 31)
            for n, script in enumerate(order)]


def varied(script: LifeScript, share: float, rng: np.random.Generator) -> LifeScript:
    """Return a script whose shifts come earlier or later and are larger or smaller."""
    def moved(at: int, by: float) -> int:
        return min(max(round(at * by), 1), script.steps - 1)

    events: list[Event] = []
    for event in script.events:
        by = 1.0 + share * _TIME * float(rng.uniform(-1.0, 1.0))
        size = 1.0 + share * _SIZE * float(rng.uniform(-1.0, 1.0))
        at = moved(event.at, by)
        until = None if event.until is None else max(at + 1, round(event.until * by))
        value = event.value if event.kind in _KEEPS_SIZE else event.value * size
        events.append(replace(event, at=at, until=until, value=value))
    return replace(script, events=tuple(events))
