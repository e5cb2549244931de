"""
What System B explores for: its goal, to move what goals are about, or to handle it.

A goal that is about something else than the robot itself cannot be pursued by who does not know
how to move that something. The less of it is moved while exploring, the more episodes are spent
on moving it at all: intrinsic reward for influence (empowerment, Klyubin et al. 2005), in the
place of a task's shaped reward.

What can be done with a thing is not all found by moving it: a hand that pushes never grasps. The
fewer goals are reached, the more episodes are spent on going where the thing is and acting at
random there: first return, then explore (Ecoffet et al. 2021), with motor babbling that is held
for some steps. Where nothing is to go to, it is babbling.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from abm_ros.common.config import check, setting
from abm_ros.common.spec import ObservationSpec


@dataclass(frozen=True)
class ExplorationConfig:
    """What episodes of exploration are spent on."""

    wanted_events: float = setting(
        0.3, 'share of steps that move what the goal is about; below it, episodes of exploration '
        'are spent on moving it, the more the less there is', low=0.0, high=1.0)
    handling: float = setting(
        0.5, 'share of the other episodes of exploration that are spent on acting at random where '
        'that is, if no goal is reached; the fewer the more are', low=0.0, high=1.0)
    event_window: int = setting(500, 'steps over which the share of events is taken',
                                low=1, high=1_000_000)
    pursued_window: int = setting(10, 'pursued episodes over which the share of reached goals is '
                                  'taken', low=1, high=100_000)

    def __post_init__(self) -> None:
        check(self)


class Aim(Enum):
    """What an episode is spent on."""

    PURSUE = 'its goal'
    MOVE = 'moving what goals are about'
    HANDLE = 'acting at random where that is'


class ExplorationSchedule:
    """
    Decides at the beginning of each episode.

    :param spec: tells what moved.
    :param rng: source of the decisions: the only randomness.
    """

    def __init__(self, spec: ObservationSpec, rng: np.random.Generator,
                 settings: ExplorationConfig) -> None:
        self._spec, self._rng, self._settings = spec, rng, settings
        self._before: np.ndarray | None = None
        self._steps = self._pursued = 0
        self._reached: bool | None = None
        self.share = self.success_rate = 0.0
        self.aim = Aim.PURSUE

    def observe(self, achieved: np.ndarray, goal: np.ndarray, *, begins: bool) -> None:
        """
        Take one observation; what lies at its goal may rest there and counts as nothing.

        :param achieved: (G,) in its own units.
        :param goal: (G,) the desired goal.
        :param begins: it is the first of an episode.
        """
        if begins:
            self._judge()
            self.aim = self._choose()
        elif self._before is not None:
            self._steps += 1
            rate = max(1.0 / self._steps, 1.0 / self._settings.event_window)
            self.share += rate * (float(self._spec.moved(self._before, achieved)) - self.share)
        there = bool(self._spec.reached(achieved, goal))
        self._before = None if there else achieved
        self._reached = there or bool(self._reached)

    def _judge(self) -> None:
        if self.aim is Aim.PURSUE and self._reached is not None:
            self._pursued += 1
            rate = max(1.0 / self._pursued, 1.0 / self._settings.pursued_window)
            self.success_rate += rate * (float(self._reached) - self.success_rate)
        self._reached = False

    def _choose(self) -> Aim:
        cfg, (still, failing) = self._settings, self._rng.random(2)
        if cfg.wanted_events > 0 and still < 1.0 - self.share / cfg.wanted_events:
            return Aim.MOVE
        return Aim.HANDLE if failing < cfg.handling * (1.0 - self.success_rate) else Aim.PURSUE
