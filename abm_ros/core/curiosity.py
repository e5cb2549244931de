"""
When System B plays with what its goals are about before it pursues them.

A goal that is about something else than the robot itself cannot be pursued by who does not know
how to move that something. The less of it is moved while exploring, the more episodes are spent
on moving it at all: intrinsic reward for influence (empowerment, Klyubin et al. 2005), in the
place of a task's shaped reward.
"""

import numpy as np

from abm_ros.core.spec import ObservationSpec

_WINDOW = 500   # steps over which the share of events is taken


class Curiosity:
    """
    Decides at the beginning of each episode.

    :param spec: tells what moved.
    :param rng: source of the decisions: the only randomness.
    :param wanted: share of steps with events at which nothing is played any more.
    """

    def __init__(self, spec: ObservationSpec, rng: np.random.Generator, wanted: float) -> None:
        self._spec, self._rng, self._wanted = spec, rng, wanted
        self._before: np.ndarray | None = None
        self._steps = 0
        self.share = 0.0
        self.playing = False

    def observe(self, achieved: np.ndarray, goal: np.ndarray, *, begins: bool) -> None:
        """
        Take one observation; what lies at its goal may rest there and counts as nothing.

        :param achieved: (G,) in its own units.
        :param goal: (G,) the desired goal.
        :param begins: it is the first of an episode.
        """
        if begins:
            lack = 1.0 - self.share / self._wanted if self._wanted > 0 else 0.0
            self.playing = bool(self._rng.random() < lack)
        elif self._before is not None:
            self._steps += 1
            rate = max(1.0 / self._steps, 1.0 / _WINDOW)
            self.share += rate * (float(self._spec.moved(self._before, achieved)) - self.share)
        there = float(np.linalg.norm(achieved - goal)) <= self._spec.goal_tolerance
        self._before = None if there else achieved
