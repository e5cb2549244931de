"""Learning curves: when they are measured, when they reach a threshold, what their median is."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from abm_ros.common.errors import ConfigError

# Up to so many steps, an evaluation every so many: about every eighth of what was lived.
_GRID = ((100, 10), (200, 25), (500, 50), (1_000, 100), (2_500, 250), (10_000, 500),
         (25_000, 1_000), (100_000, 5_000))
_COARSEST = 10_000


@dataclass(frozen=True)
class Score:
    """One evaluation: shares of episodes, after so many environment steps of training."""

    steps: int
    native: float     # the goal was reached at any time
    strict: float     # the goal was reached at the last step, success ending nothing


@dataclass(frozen=True)
class Curve:
    """What one seed gave."""

    seed: int
    scores: tuple[Score, ...]
    wall_s: float = 0.0
    step_ms: Mapping[str, float] = field(default_factory=dict)     # what one step costs

    def steps_to(self, threshold: float, kind: str = 'native') -> int | None:
        """Return when a kind of success reached the threshold; see `first_of_two`."""
        return first_of_two([(s.steps, getattr(s, kind)) for s in self.scores], threshold)

    def figures(self) -> dict[str, Any]:
        """Return the curve for the JSON."""
        return {'seed': self.seed, 'steps': [s.steps for s in self.scores],
                'native': [s.native for s in self.scores],
                'strict': [s.strict for s in self.scores], 'wall_s': round(self.wall_s, 1),
                'step_ms': dict(self.step_ms)}


def evaluation_steps(budget: int, every: int | None = None) -> list[int]:
    """
    Return after how many environment steps to evaluate.

    :param budget: the last one, always included.
    :param every: a fixed interval; None for every 10 steps at first, coarser later.
    """
    if budget < 1 or (every is not None and every < 1):
        raise ConfigError(f'evaluations: expected a budget and an interval of at least 1 step, '
                          f'got {budget} and {every}')
    points, at = [], 0
    while at < budget:
        at += every or next((gap for end, gap in _GRID if at < end), _COARSEST)
        points.append(min(at, budget))
    return points


def first_of_two(curve: Sequence[tuple[int, float]], threshold: float) -> int | None:
    """
    Return the steps of the first of two consecutive evaluations at or above the threshold.

    :param curve: (steps, success) in the order of steps.
    :return: None where no two were; one evaluation alone, be it the last, does not count.
    """
    for (steps, success), (_, following) in itertools.pairwise(curve):
        if min(success, following) >= threshold:
            return steps
    return None


def is_settled(scores: Sequence[Score], threshold: float) -> bool:
    """Tell whether the threshold was reached in both ways of counting."""
    curve = Curve(0, tuple(scores))
    return all(curve.steps_to(threshold, kind) is not None for kind in ('native', 'strict'))


def median(values: Sequence[int | None]) -> float | None:
    """Return the median, None counting as later than all; None where that is in the middle."""
    if not values:
        return None
    order = sorted(float('inf') if v is None else float(v) for v in values)
    middle = 0.5 * (order[(len(order) - 1) // 2] + order[len(order) // 2])
    return None if middle == float('inf') else middle


def summarise(curves: Sequence[Curve], threshold: float) -> dict[str, Any]:
    """Return the figures of one agent over its seeds."""
    native = [curve.steps_to(threshold) for curve in curves]
    strict = [curve.steps_to(threshold, 'strict') for curve in curves]
    return {'steps_to_threshold': native, 'median': median(native), 'spread': extremes(native),
            'strict_steps_to_threshold': strict, 'strict_median': median(strict),
            'strict_spread': extremes(strict), 'curve': [curve.figures() for curve in curves]}


def extremes(values: Sequence[int | None]) -> list[int | None]:
    """Return the least and the greatest, None counting as greater than all."""
    order = sorted(values, key=lambda v: float('inf') if v is None else v)
    return [order[0], order[-1]] if order else [None, None]
