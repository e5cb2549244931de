"""
The rounds of one learner: the current round, its requested batches and its updates.

Nothing here depends on wires. After a rewiring a round continues with the received batches and the
finished updates; only batches that were requested and not received are requested again.
"""

from dataclasses import dataclass

from abm_ros.common.config import check, setting
from abm_ros.memory.schedule import ONLINE, SCHEDULES, ScheduleConfig

CHUNK = 8                     # batches asked for at a time
CONSOLIDATION_UPDATES = 100   # of a round outside of the schedule


@dataclass(frozen=True)
class RoundsConfig(ScheduleConfig):
    """Settings of a learner's rounds."""

    exact_rounds: bool = setting(
        False, 'Every round takes place, in order; nothing is skipped to catch up.')
    schedule: str = setting(
        ONLINE, 'online: rounds as experience comes; consolidate: at full speed; '
        'value: values only, from reverse replay (System B; System A then learns online); '
        'imagine: from lived and from imagined experience in turn (System B).',
        choices=SCHEDULES, runtime=True)
    publish_s: float = setting(
        2.0, 'Time spent on updates after which a model is published though its round is not '
        'over, so that a slow computer does not act with old ones. Not with exact_rounds.',
        unit='s', low=0.1, high=3600.0)

    def __post_init__(self) -> None:
        check(self)


@dataclass
class Round:
    """A round: its number by the schedule (0 outside of it) and its remaining updates."""

    number: int
    left: int
    after: int                # experience at which it begins


class Rounds:
    """Counts rounds, batches and experience; each kind of schedule may have one open round."""

    def __init__(self) -> None:
        self.experience = 0   # transitions since the warm-up, as reported with batches
        self.finished = 0
        self.number = 0       # of the last round by the schedule
        self.held = 0         # batches received and not used yet
        self._coming = 0      # batches asked for and not received yet
        self._open: dict[str, Round] = {}

    def current(self, config: RoundsConfig) -> Round:
        """Return the current round; begin the next one if there is none."""
        if config.schedule not in self._open:
            self._open[config.schedule] = self._next(config)
        return self._open[config.schedule]

    def is_open(self, config: RoundsConfig) -> bool:
        """Tell whether a round is open."""
        return config.schedule in self._open

    def _next(self, config: RoundsConfig) -> Round:
        if config.schedule != ONLINE:
            # Sleep also learns from steps of the warm-up, since sleep has to end.
            return Round(0, CONSOLIDATION_UPDATES, after=0)
        number = self.number + 1
        if not config.exact_rounds:
            # Missed rounds are skipped: only current experience matters.
            number = max(number, config.round_at(self.experience))
        return Round(number, config.updates_in(number if self.finished else 1),
                     config.begins_at(number))

    def ask(self, config: RoundsConfig) -> int:
        """Return how many batches to request now, 0 for none; they count as requested."""
        under_way = self.held + self._coming
        left = self.current(config).left
        if not left > under_way < 2 * CHUNK:
            return 0
        count = min(CHUNK, left - under_way)
        self._coming += count
        return count

    def probe(self) -> int:
        """Return 1 if nothing is requested: a batch that shows the observation spec."""
        if self.held + self._coming:
            return 0
        self._coming = 1
        return 1

    def lose(self) -> None:
        """Drop batches that were requested and will not come."""
        self._coming = 0

    def receive(self) -> None:
        """Count a received batch."""
        self._coming = max(0, self._coming - 1)
        self.held += 1

    def drop(self) -> None:
        """Count a batch that was used without an update."""
        self.held -= 1

    def update(self, config: RoundsConfig) -> bool:
        """Count an update with a batch; tell whether it ended the round."""
        self.held -= 1
        current = self.current(config)
        current.left -= 1
        if current.left > 0:
            return False
        del self._open[config.schedule]
        self.finished += 1
        self.number = max(self.number, current.number)
        return True

    def updates_per_transition(self, config: RoundsConfig) -> float:
        """Return how many updates per transition the schedule asks for now."""
        if config.schedule != ONLINE or not self.experience:
            return 0.0
        # The first round is long, since it covers the warm-up.
        number = max(2, config.round_at(self.experience))
        return config.updates_in(number) / config.learn_every
