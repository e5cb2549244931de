"""When the learners learn: the one schedule of the nodes and of the in-process agent."""

from dataclasses import dataclass

from abm_ros.core.config import check, setting

# Windows drawn for System B are this long, so that rest can sweep values backwards through them.
VALUE_HORIZON = 4
SCHEDULES = ('online', 'consolidate', 'value')


@dataclass(frozen=True)
class ScheduleConfig:
    """Learning rounds, counted in recorded transitions of this run."""

    warm_up: int = setting(
        50, 'Transitions recorded before the first learning round.', low=1, high=1_000_000)
    learn_every: int = setting(
        10, 'Transitions between two learning rounds.', low=1, high=1_000_000)
    updates: int = setting(40, 'Updates per round.', low=1, high=100_000)
    first_updates: int = setting(200, 'Updates of the first round.', low=1, high=100_000)

    def __post_init__(self) -> None:
        check(self)

    def is_due(self, transitions: int) -> bool:
        """Tell whether a round begins exactly at this many transitions."""
        since = transitions - self.warm_up
        return since >= 0 and since % self.learn_every == 0

    def round_at(self, transitions: int) -> int:
        """Return how many rounds are due by now."""
        since = transitions - self.warm_up
        return 0 if since < 0 else since // self.learn_every + 1

    def begins_at(self, number: int) -> int:
        """Return at how many transitions round `number` (from 1) begins."""
        return self.warm_up + (number - 1) * self.learn_every

    def updates_in(self, number: int) -> int:
        """Return the updates of round `number` (from 1)."""
        return self.first_updates if number == 1 else self.updates
