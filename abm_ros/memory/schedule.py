"""
The schedule of learning rounds, shared by the nodes and the in-process agent (decision 0030).

Rounds are counted in transitions. Counting starts after a warm-up with enough events: a model of
an arm that never touched the object of its goals knows nothing of that object.
"""

from dataclasses import dataclass

import numpy as np

from abm_ros.common.config import check, setting
from abm_ros.common.spec import ObservationSpec

# Length of System B's windows; in rest, values are swept backwards through them.
VALUE_HORIZON = 4
ONLINE, CONSOLIDATE, IMAGINE = 'online', 'consolidate', 'imagine'
SCHEDULES = (ONLINE, CONSOLIDATE, 'value', IMAGINE)


@dataclass(frozen=True)
class WarmUpConfig:
    """
    When the warm-up is over.

    An event is a transition in which the object of the goal moved. Where half of the transitions
    are events (an arm that reaches), no further events are waited for.
    """

    warm_up: int = setting(
        25, 'Transitions recorded before the first learning round.', low=1, high=1_000_000)
    warm_up_events: int = setting(
        100, 'Events recorded before it, unless half of the transitions are events.',
        low=0, high=1_000_000)
    longest_warm_up: int = setting(
        5000, 'Transitions after which learning begins with fewer events.',
        low=1, high=1_000_000)

    def __post_init__(self) -> None:
        check(self)

    def is_over(self, transitions: int, events: int) -> bool:
        """Tell whether the warm-up is over after this much experience."""
        return transitions >= self.warm_up and (
            events >= min(self.warm_up_events, transitions // 2)
            or transitions >= self.longest_warm_up)


class Experience:
    """
    Counts transitions from the one on that ended the warm-up.

    :param config: when the warm-up is over.
    :param spec: decides which transitions are events.
    """

    def __init__(self, config: WarmUpConfig, spec: ObservationSpec) -> None:
        self._config, self._spec = config, spec
        self._transitions = self._events = 0
        self._last: tuple[int, int, np.ndarray] | None = None
        self.count = 0

    def take(self, episode: int, index: int, observation: np.ndarray, *, acted: bool) -> None:
        """
        Take the next lived step.

        :param observation: (D,) before the action.
        :param acted: whether there was an action; the next step shows whether it was an event.
        """
        achieved = observation[self._spec.goal_slice]
        last, self._last = self._last, (episode, index, achieved) if acted else None
        moved = last is not None and last[:2] == (episode, index - 1) and bool(
            self._spec.moved(last[2], achieved))
        self.add(int(acted), int(moved))

    def add(self, transitions: int, events: int) -> None:
        """Take many transitions; of those that end the warm-up only the last one counts."""
        if self.count:
            self.count += transitions
            return
        self._transitions += transitions
        self._events += events
        self.count = int(self._config.is_over(self._transitions, self._events))


@dataclass(frozen=True)
class ScheduleConfig:
    """Learning rounds, counted in transitions since the end of the warm-up."""

    learn_every: int = setting(
        10, 'Transitions between two learning rounds.', low=1, high=1_000_000)
    updates: int = setting(40, 'Updates per round.', low=1, high=100_000)
    first_updates: int = setting(200, 'Updates of the first round.', low=1, high=100_000)
    young_rounds: int = setting(
        25, 'Rounds with `updates` each; later rounds have `late_updates`.', low=1, high=1_000_000)
    late_updates: int = setting(
        20, 'Updates per round after young_rounds.', low=1, high=100_000)

    def __post_init__(self) -> None:
        check(self)

    def round_at(self, count: int) -> int:
        """Return how many rounds are due after `count` transitions."""
        return -(-count // self.learn_every)

    def begins_at(self, number: int) -> int:
        """Return the number of transitions at which round `number` (from 1) begins."""
        return 1 + (number - 1) * self.learn_every

    def updates_in(self, number: int) -> int:
        """Return the updates of round `number` (from 1)."""
        if number == 1:
            return self.first_updates
        return self.updates if number <= self.young_rounds else self.late_updates
