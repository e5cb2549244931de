"""
What an exploration episode is spent on: the goal, moving the goal's object, or handling it.

A goal about an object can only be pursued by an agent that knows how to move the object. The less
the object is moved while exploring, the more episodes are spent on moving it at all (decision
0030). This is an intrinsic reward for displacement (empowerment, Klyubin et al. 2005), instead of
a shaped reward of the task.

Moving an object does not find all that can be done with it: a hand that pushes never grasps. The
fewer goals are reached, the more episodes go to the object and act at random there, each action
repeated for some steps (decision 0029): first return, then explore (Ecoffet et al. 2021). Without
an object nearby such an episode is babbling.

Where the goal has no place, nothing is known of what is to be reached before a success was told.
Until then an episode either acts at random or goes from place to place, to where nothing was
visited: goal babbling (Rolf et al. 2010) for what is new (decision 0054). Later, the fewer
successes are told, the more episodes do the latter. Where only rewards are told, those near the
best so far count as successes. A place where a teacher showed a success is gone to before all
else, until it is judged (decision 0068).
"""

import math
from collections import deque
from dataclasses import dataclass
from enum import Enum

import numpy as np

from abm_ros.common.config import check, setting
from abm_ros.common.spec import ObservationSpec
from abm_ros.policy.trials import Trials

# Places that are remembered, that one is chosen from, and how far beyond two visited ones places
# are sought, of the way between these.
_VISITED, _PLACES, _BEYOND = 256, 16, 0.25
# A reward counts as a success within this share of the range of all.
_WELL = 0.1


@dataclass(frozen=True)
class ExplorationConfig:
    """Settings of exploration episodes."""

    wanted_events: float = setting(
        0.3, 'share of steps that are events; the further it is below this, the more exploration '
        "episodes are spent on moving the goal's object", low=0.0, high=1.0)
    handling: float = setting(
        0.5, 'share of the other exploration episodes that are spent on acting at random at the '
        "goal's object while no goal is reached; falls with the share of goals reached. Where "
        'the task alone tells success: share of those before the first one that act at random',
        low=0.0, high=1.0)
    searching: float = setting(
        0.3, 'share of exploration episodes that are spent on going from place to place after a '
        'first success was told, for a task whose goal has no place; falls with the share of '
        'successes',
        low=0.0, high=1.0)
    search_steps: int = setting(
        12, 'steps after which another place is gone to, if this one was not reached before',
        low=1, high=100_000)
    event_window: int = setting(500, 'steps over which the share of events is taken',
                                low=1, high=1_000_000)
    pursued_window: int = setting(10, 'pursued episodes over which the share of reached goals is '
                                  'taken', low=1, high=100_000)

    def __post_init__(self) -> None:
        check(self)


class Aim(Enum):
    """What an episode is spent on."""

    PURSUE = 'its goal'
    MOVE = "moving the goal's object"
    HANDLE = 'acting at random at that object'
    SEARCH = 'going from place to place'
    BABBLE = 'acting at random'


class ExplorationSchedule:
    """
    Decides the aim of each episode at its beginning.

    :param spec: decides which steps are events.
    :param rng: source of the decisions: the only randomness.
    """

    def __init__(self, spec: ObservationSpec, rng: np.random.Generator,
                 settings: ExplorationConfig) -> None:
        self._spec, self._rng, self._settings = spec, rng, settings
        self._before: np.ndarray | None = None
        self._steps = self._pursued = 0
        self._reached = self._counts = False     # an episode counts if its aim was one throughout
        self.share = self.success_rate = 0.0
        self.aim = Aim.PURSUE
        self.place = np.zeros(spec.goal_size, np.float32)     # (G,), where SEARCH goes
        self._going = 0                    # for how many steps
        self._visited: list[np.ndarray] = []     # some of what was achieved, all alike
        self._visits = 0
        # Where it went: it may be out of reach, and would be sought for ever.
        self._sought: deque[np.ndarray] = deque(maxlen=_VISITED)
        self._won = False                  # whether a success was told in this life
        self.foretold = False              # whether System B's model says where one is
        self._trials, self._trying = Trials(spec), False
        self._rewards = (math.inf, -math.inf)    # the least and the most ever told

    @property
    def found(self) -> bool:
        """Whether it is known where a success is told."""
        return self._won or self.foretold

    def watch(self, place: np.ndarray) -> None:
        """Note where (G,) a teacher showed a success; it is tried from the next step on."""
        self._trials.watch(place)

    def observe(self, achieved: np.ndarray, goal: np.ndarray, *, begins: bool,
                success: bool | None = None, reward: float = math.nan) -> None:
        """
        Take one observation; an object that lies at its goal is not expected to move.

        :param achieved: (G,) in its own units.
        :param goal: (G,) the desired goal.
        :param begins: it is the first of an episode.
        :param success: what the task told of it, None for nothing.
        :param reward: likewise, nan for nothing.
        """
        if begins:
            self._judge()
            if self._trying:
                self._trials.end_episode()
            self._turn()
        elif self._before is not None:
            self._steps += 1
            rate = max(1.0 / self._steps, 1.0 / self._settings.event_window)
            self.share += rate * (float(self._spec.moved(self._before, achieved)) - self.share)
        if self._spec.told:
            self._try(achieved, success)
            self._look_around(achieved, begins=begins)
        there = not self._spec.told and bool(self._spec.reached(achieved, goal))
        self._before = None if there else achieved
        won = there if success is None else success
        if self._spec.told:
            won = won or self._is_well_paid(reward)
            self._won = self._won or won
        self._reached = self._reached or won

    def _turn(self) -> None:
        """Choose an aim: what is to be tried comes first."""
        self._trying = self._trials.place is not None
        self.aim = Aim.SEARCH if self._trying else self._choose()

    def _try(self, achieved: np.ndarray, success: bool | None) -> None:
        """Judge what teachers showed; turn to another aim where something came or was judged."""
        before = self._trials.place if self._trying else None
        if success is not None:
            self._trials.observe(achieved, success=success)
        if self._trials.place is not before:
            self._counts = False
            self._turn()

    def _is_well_paid(self, reward: float) -> bool:
        """Tell whether a reward is about as good as the best that was ever told."""
        least, most = self._rewards
        self._rewards = least, most = min(least, reward), max(most, reward)
        return least < most and reward >= most - _WELL * (most - least)

    def _look_around(self, achieved: np.ndarray, *, begins: bool) -> None:
        """Now and then choose another place to go to: of some, the one farthest from all."""
        self._visits += 1
        if len(self._visited) < _VISITED:
            self._visited.append(achieved.copy())
        elif (slot := int(self._rng.integers(self._visits))) < _VISITED:
            self._visited[slot] = achieved.copy()
        if self._trying and self._trials.place is not None:
            self.place = self._trials.place
            return
        self._going += 1
        arrived = bool(self._spec.reached(achieved, self.place))
        if begins or arrived or self._going > self._settings.search_steps:
            self._going = 0
            visited = np.stack(self._visited)                                       # (V, G)
            one, two = self._rng.integers(len(visited), size=(2, _PLACES))
            share = self._rng.uniform(-_BEYOND, 1.0 + _BEYOND, (_PLACES, 1))
            places = visited[one] + share * (visited[two] - visited[one])           # (N, G)
            known = np.stack([*self._visited, *self._sought])
            apart = np.linalg.norm(places[:, np.newaxis] - known, axis=2).min(axis=1)
            self.place = np.asarray(places[apart.argmax()], np.float32)
            self._sought.append(self.place)

    def _judge(self) -> None:
        if self.aim is Aim.PURSUE and self._counts:
            self._pursued += 1
            rate = max(1.0 / self._pursued, 1.0 / self._settings.pursued_window)
            self.success_rate += rate * (float(self._reached) - self.success_rate)
        self._reached, self._counts = False, True

    def _choose(self) -> Aim:
        cfg, (still, failing) = self._settings, self._rng.random(2)
        if cfg.wanted_events > 0 and still < 1.0 - self.share / cfg.wanted_events:
            return Aim.MOVE
        if self._spec.told and not self.found:
            return Aim.BABBLE if failing < cfg.handling else Aim.SEARCH
        share, aim = ((cfg.searching, Aim.SEARCH) if self._spec.told else
                      (cfg.handling, Aim.HANDLE))
        return aim if failing < share * (1.0 - self.success_rate) else Aim.PURSUE
