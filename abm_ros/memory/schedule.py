"""
When the learners learn: the one schedule of the nodes and of the in-process agent.

Rounds are counted in experience, which begins to count once it is worth learning from: a model of
an arm that never met what its goals are about knows nothing of them, and plans by what it
imagines.
"""

from dataclasses import dataclass

import numpy as np

from abm_ros.common.config import check, setting
from abm_ros.common.spec import ObservationSpec

# Windows drawn for System B are this long, so that rest can sweep values backwards through them.
VALUE_HORIZON = 4
SCHEDULES = ('online', 'consolidate', 'value')


@dataclass(frozen=True)
class WarmUpConfig:
    """
    When experience is worth learning from.

    An event is a transition in which what the goal is about moved. Where half of the transitions
    are events (an arm that is to reach), nothing is waited for.
    """

    warm_up: int = setting(
        25, 'Transitions recorded before the first learning round.', low=1, high=1_000_000)
    warm_up_events: int = setting(
        100, 'Events recorded before it, unless half of the transitions are some.',
        low=0, high=1_000_000)
    longest_warm_up: int = setting(
        5000, 'Transitions after which learning begins without them.', low=1, high=1_000_000)

    def __post_init__(self) -> None:
        check(self)

    def is_over(self, transitions: int, events: int) -> bool:
        """Tell whether so much experience is worth learning from."""
        return transitions >= self.warm_up and (
            events >= min(self.warm_up_events, transitions // 2)
            or transitions >= self.longest_warm_up)


class Experience:
    """
    Counts the transitions from the one on with which the warm-up was over.

    :param config: when it is over.
    :param spec: tells which transitions are events.
    """

    def __init__(self, config: WarmUpConfig, spec: ObservationSpec) -> None:
        self._config, self._spec = config, spec
        self._transitions = self._events = 0
        self._last: tuple[int, int, np.ndarray] | None = None
        self.count = 0

    def take(self, episode: int, index: int, observation: np.ndarray, *, acted: bool) -> None:
        """
        Take the next step lived.

        :param observation: (D,) that the action followed.
        :param acted: whether it did; that it moved something is known with the next step.
        """
        achieved = observation[self._spec.goal_slice]
        last, self._last = self._last, (episode, index, achieved) if acted else None
        moved = last is not None and last[:2] == (episode, index - 1) and bool(
            self._spec.moved(last[2], achieved))
        self.add(int(acted), int(moved))

    def add(self, transitions: int, events: int) -> None:
        """Take many transitions; none of those with which the warm-up ends but the last counts."""
        if self.count:
            self.count += transitions
            return
        self._transitions += transitions
        self._events += events
        self.count = int(self._config.is_over(self._transitions, self._events))


@dataclass(frozen=True)
class ScheduleConfig:
    """Learning rounds, counted in transitions since the last of the warm-up."""

    learn_every: int = setting(
        10, 'Transitions between two learning rounds.', low=1, high=1_000_000)
    updates: int = setting(40, 'Updates per round.', low=1, high=100_000)
    first_updates: int = setting(200, 'Updates of the first round.', low=1, high=100_000)
    young_rounds: int = setting(
        25, 'Rounds after which late_updates take place.', low=1, high=1_000_000)
    late_updates: int = setting(20, 'Updates per round from then on.', low=1, high=100_000)

    def __post_init__(self) -> None:
        check(self)

    def round_at(self, count: int) -> int:
        """Return how many rounds are due after so many transitions."""
        return -(-count // self.learn_every)

    def begins_at(self, number: int) -> int:
        """Return at how many transitions round `number` (from 1) begins."""
        return 1 + (number - 1) * self.learn_every

    def updates_in(self, number: int) -> int:
        """Return the updates of round `number` (from 1)."""
        if number == 1:
            return self.first_updates
        return self.updates if number <= self.young_rounds else self.late_updates
