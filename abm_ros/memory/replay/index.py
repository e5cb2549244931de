"""
The episodic memory's index in RAM, from which batches are drawn.

Draws by `sample`, `reverse`, `forward` and `seeds` depend only on the generator and on the steps
held, not on what was overwritten before. A draw is from one source: what was imagined comes only
to who asks for it, and never in one batch with what was lived.
"""

from dataclasses import dataclass

import numpy as np

from abm_ros.common.config import check, setting
from abm_ros.common.errors import SpecError, StoreError
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Batch
from abm_ros.memory.replay.priorities import Priorities
from abm_ros.memory.replay.ring import Queue, Ring

# A batch holds at most this many numbers of observations (4 MB): with images, fewer windows.
BATCH_NUMBERS = 1_000_000
UNIFORM, BALANCED = 'uniform', 'balanced'
# Where the windows of a draw begin.
PICKS = (UNIFORM, 'surprise', 'gain', 'rarity', BALANCED)
# Shares of a balanced batch: the newest steps, the rare ones; the rest is uniform.
RECENT_SHARE, RARE_SHARE = 0.25, 0.25
_RECENT = 0.1      # the newest tenth of what is held


@dataclass(frozen=True)
class ReplayConfig:
    """What memory replays."""

    capacity: int = setting(
        200_000, 'Newest steps kept in RAM for replay.', low=2, high=100_000_000)
    hindsight: float = setting(
        0.8, 'Share of replayed goals that are outcomes reached later in the episode.',
        low=0.0, high=1.0)
    events: float = setting(
        0.25, 'Least share of uniformly drawn windows in which what the goal is about moves.',
        low=0.0, high=1.0)

    def __post_init__(self) -> None:
        check(self)


class ReplayIndex(Ring):
    """Draws batches: uniform or prioritised, in hindsight, forward and in reverse."""

    def __init__(self, spec: ObservationSpec, capacity: int) -> None:
        """As `Ring`."""
        super().__init__(spec, capacity)
        self.priorities = Priorities(self)

    def __len__(self) -> int:
        """Return the number of lived transitions held."""
        return len(self.starts('lived').transitions)

    @property
    def steps(self) -> int:
        """Number of steps held."""
        return min(self.count, self.capacity)

    def sample(self, rng: np.random.Generator, batch: int, horizon: int, hindsight: float = 0.8,
               newest: int | None = None, source: str = 'lived', pick: str = UNIFORM,
               events: float = 0.0, keep: int = 0) -> Batch:
        """
        Draw windows that start at transitions.

        Where an object moves in one step of fifty, what moves it is learned from those; uniform
        draws are therefore completed by windows with events in them.

        Source: the strategy 'future' of hindsight experience replay, Andrychowicz et al. 2017,
        sec. 4.5, relabelled with respect to the window's first step.

        :param batch: B, number of windows; fewer where they would hold BATCH_NUMBERS.
        :param horizon: L, transitions in a window; what lies past the episode's end is masked.
        :param hindsight: share of goals replaced by what a later observation achieved.
        :param newest: draw among the newest this many transitions only.
        :param source: of SOURCES.
        :param pick: of PICKS; all but uniform are of the source 'lived'.
        :param events: least share of windows with an event, where all may be drawn uniformly.
        :param keep: transitions of each window, from its first on, that are returned; 0: all.
        :raises SpecError: an argument is out of range.
        :raises StoreError: no transition is held yet.
        """
        for name, share in (('hindsight', hindsight), ('events', events)):
            if not 0.0 <= share <= 1.0:
                raise SpecError(f'{name}: expected a share in [0, 1], got {share}')
        transitions = self.starts(source).transitions
        kept = min(keep, horizon) if keep else horizon
        batch = self._fitting(batch, kept, newest)
        _need(transitions, 'transition')
        if pick != UNIFORM:
            start = self._pick(rng, batch, newest, source, pick)
        elif newest is not None:
            start = transitions.draw(rng, batch, newest)
        else:
            start = self._eventful(rng, batch, horizon, source, events)
        return self._from(rng, start, kept, hindsight)

    def _eventful(self, rng: np.random.Generator, count: int, horizon: int, source: str,
                  share: float) -> np.ndarray:
        """Return uniform starts, completed by windows with events up to a share of them."""
        starts = self.starts(source)
        lacking = share - len(starts.events) / len(starts.transitions)
        eventful = round(max(lacking, 0.0) * count) if len(starts.events) else 0
        uniform = starts.transitions.draw(rng, count - eventful)
        if not eventful:
            return uniform
        event = starts.events.draw(rng, eventful)
        before = event - rng.integers(horizon, size=eventful)
        return np.concatenate([uniform, np.maximum(before, self.first_of(event))])

    def forward(self, rng: np.random.Generator, batch: int, horizon: int, hindsight: float = 0.8,
                source: str = 'lived') -> Batch:
        """
        Draw windows that begin where an episode began, for replay in the order lived.

        Source: forward replay before a run, Diba & Buzsaki 2007.

        :raises StoreError: no beginning of an episode is held.
        """
        begins = self.starts(source).begins
        batch = self._fitting(batch, horizon)
        _need(begins, 'beginning of an episode')
        return self._from(rng, begins.draw(rng, batch), horizon, hindsight)

    def reverse(self, rng: np.random.Generator, batch: int, horizon: int,
                successful: float = 0.8, source: str = 'lived') -> Batch:
        """
        Draw windows that end where an episode ended, for reverse replay of values.

        Each window is in the order of time, like `sample`'s; the learner sweeps it from its last
        column to its first, so that one pass carries the value of the end to the beginning. An
        episode shorter than the horizon is padded at the end, under mask 0. The goal is the
        desired one where the episode ended in success, and what its end achieved elsewhere: a
        sweep that starts without a reward has nothing to carry.

        Source: reverse replay, Foster & Wilson 2006.

        :param successful: share of windows drawn among the successful episodes, if there are any.
        :raises StoreError: no finished episode is held yet.
        """
        starts = self.starts(source)
        batch = self._fitting(batch, horizon)
        _need(starts.ends, 'finished episode')
        end = starts.ends.draw(rng, batch)
        # Drawn in every case, so that the generator's use does not depend on the contents.
        prefer = rng.random(batch) < successful
        if len(starts.won_ends):
            end = np.where(prefer, starts.won_ends.draw(rng, batch), end)
        start = np.maximum(self.first_of(end), end - horizon)
        goal = np.take(self.goal, end % self.capacity, axis=0)
        lost = ~np.take(self.won, end % self.capacity)
        goal[lost] = self._achieved(end[lost])
        return self._windows(start, end, horizon, goal)

    def seeds(self, rng: np.random.Generator, count: int, source: str = 'lived'
              ) -> tuple[np.ndarray, np.ndarray]:
        """
        Draw observations from which imagination may start, with their desired goals.

        :return: observations (count, D) and goals (count, G), float32.
        :raises StoreError: no transition is held yet.
        """
        transitions = self.starts(source).transitions
        count = self._fitting(count, 1)
        _need(transitions, 'transition')
        step = transitions.draw(rng, count)
        return self.observation(step), np.take(self.goal, step % self.capacity, axis=0)

    def _pick(self, rng: np.random.Generator, count: int, newest: int | None, source: str,
              pick: str) -> np.ndarray:
        if pick not in PICKS:
            raise SpecError(f'pick: expected one of {", ".join(PICKS)}, got {pick!r}')
        if source != 'lived' or newest is not None:
            raise SpecError(f"pick {pick!r}: expected the source 'lived' and no limit to the "
                            f'newest, got {source!r} and {newest}')
        if pick != BALANCED:
            return self.priorities.draw(rng, count, pick)
        transitions = self.starts(source).transitions
        recent, rare = round(RECENT_SHARE * count), round(RARE_SHARE * count)
        return np.concatenate([
            transitions.draw(rng, recent, max(1, int(_RECENT * len(transitions)))),
            self.priorities.draw(rng, rare, 'rarity'),
            transitions.draw(rng, count - recent - rare)])

    def _fitting(self, count: int, horizon: int, newest: int | None = None) -> int:
        """Return how many windows a batch may hold; raises SpecError for none."""
        if count < 1 or horizon < 1 or (newest is not None and newest < 1):
            raise SpecError('batch, horizon and newest: expected at least 1, '
                            f'got {count}, {horizon} and {newest}')
        return min(count, max(2, BATCH_NUMBERS // ((horizon + 1) * self.spec.size)))

    def _from(self, rng: np.random.Generator, start: np.ndarray, horizon: int,
              hindsight: float) -> Batch:
        batch, end = len(start), self.end_of(start)
        goal = np.take(self.goal, start % self.capacity, axis=0)
        relabelled = rng.random(batch) < hindsight
        future = start + 1 + (rng.random(batch) * (end - start)).astype(np.int64)
        goal[relabelled] = self._achieved(future[relabelled])
        return self._windows(start, end, horizon, goal)

    def _achieved(self, step: np.ndarray) -> np.ndarray:
        return self.numbers[step % self.capacity, self.spec.goal_slice]

    def _windows(self, start: np.ndarray, end: np.ndarray, horizon: int,
                 goal: np.ndarray) -> Batch:
        step = start[:, None] + np.arange(horizon + 1)                # (B, L + 1)
        mask = (step[:, :-1] < end[:, None]).astype(np.float32)
        step = np.minimum(step, end[:, None])
        action = np.take(self.action, step[:, :-1] % self.capacity, axis=0)
        action *= mask[:, :, None]
        numbers, pixels = self.packed(step)
        return Batch(numbers, action, mask, goal, pixels)


def _need(queue: Queue, kind: str) -> None:
    if not len(queue):
        raise StoreError(f'replay holds no {kind} yet; wait until some are lived')
