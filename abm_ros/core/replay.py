"""
The episodic memory's index in RAM: a ring of lived steps from which batches are drawn.

Steps are counted from 0 as they arrive ("absolute"); step i lies in slot i % capacity. A segment
is a run of steps of one episode without a gap, so that each but the last has a successor. Draws
depend only on the generator and on the steps held, not on what was overwritten before.
"""

from dataclasses import dataclass

import numpy as np

from abm_ros.core.config import check, setting
from abm_ros.core.errors import SpecError, StoreError
from abm_ros.core.spec import ObservationSpec, check_array
from abm_ros.core.transition import Batch, Step

# A batch holds at most this many numbers of observations (8 MB): with images, fewer windows.
BATCH_NUMBERS = 2_000_000


@dataclass(frozen=True)
class ReplayConfig:
    """What memory replays."""

    capacity: int = setting(
        200_000, 'Newest steps kept in RAM for replay.', low=2, high=100_000_000)
    hindsight: float = setting(
        0.8, 'Share of replayed goals that are outcomes reached later in the episode.',
        low=0.0, high=1.0)

    def __post_init__(self) -> None:
        check(self)


class _Queue:
    """First in, first out: increasing absolute step numbers, drawn uniformly."""

    def __init__(self, capacity: int) -> None:
        self._values = np.empty(capacity, np.int64)
        self._head = 0
        self._tail = 0

    def __len__(self) -> int:
        return self._tail - self._head

    def push(self, value: int) -> None:
        self._values[self._tail % len(self._values)] = value
        self._tail += 1

    def drop_below(self, value: int) -> None:
        while self._head < self._tail and self._values[self._head % len(self._values)] < value:
            self._head += 1

    def draw(self, rng: np.random.Generator, count: int, newest: int | None = None) -> np.ndarray:
        among = len(self) if newest is None else min(newest, len(self))
        return self._values[(self._tail - 1 - rng.integers(among, size=count))
                            % len(self._values)]


class ReplayIndex:
    """Ring buffer of steps with uniform, hindsight and reverse sampling."""

    def __init__(self, spec: ObservationSpec, capacity: int) -> None:
        """
        Reserve the ring.

        :param spec: the layout of observations, goals and actions.
        :param capacity: number of steps held; older ones are overwritten.
        :raises SpecError: the capacity cannot hold a transition.
        """
        if capacity < 2:
            raise SpecError(f'replay capacity: expected at least 2 steps, got {capacity}')
        self._spec = spec
        self._capacity = capacity
        self._count = 0
        self._observation = np.zeros((capacity, spec.numbers), np.float32)
        self._pixels = np.zeros((capacity, spec.size - spec.numbers), np.uint8)
        self._goal = np.zeros((capacity, spec.goal_size), np.float32)
        self._action = np.zeros((capacity, spec.action_size), np.float32)
        self._won = np.zeros(capacity, np.bool_)
        # A step's segment; a segment's first and last step. No more segments than steps are held.
        self._segment = np.zeros(capacity, np.int64)
        self._first = np.zeros(capacity, np.int64)
        self._last = np.zeros(capacity, np.int64)
        self._transitions = _Queue(capacity)
        self._ends = _Queue(capacity)
        self._won_ends = _Queue(capacity)
        self._newest: Step | None = None

    def __len__(self) -> int:
        """Return the number of transitions held."""
        return len(self._transitions)

    @property
    def steps(self) -> int:
        """Number of steps held."""
        return min(self._count, self._capacity)

    def append(self, step: Step) -> None:
        """
        Take the next lived step; it overwrites the oldest when the ring is full.

        :raises SpecError: an array does not fit the spec; the step is not taken.
        """
        observation = check_array('observation', step.observation, (self._spec.size,))
        goal = check_array('goal', step.goal, (self._spec.goal_size,))
        action: np.ndarray | float = 0.0
        if step.action is not None:
            action = check_array('action', step.action, (self._spec.action_size,))
        slot = self._count % self._capacity
        self._observation[slot] = observation[:self._spec.numbers]
        self._pixels[slot] = np.rint(255.0 * observation[self._spec.numbers:])
        self._goal[slot] = goal
        self._action[slot] = action
        self._won[slot] = step.success
        self._link(step, slot)
        self._newest = step
        self._count += 1

    def sample(self, rng: np.random.Generator, batch: int, horizon: int, hindsight: float = 0.8,
               newest: int | None = None) -> Batch:
        """
        Draw windows that start at uniformly drawn transitions.

        Source: the strategy 'future' of hindsight experience replay, Andrychowicz et al. 2017,
        sec. 4.5, relabelled with respect to the window's first step.

        :param batch: B, number of windows; fewer where they would hold BATCH_NUMBERS.
        :param horizon: L, transitions in a window; what lies past the episode's end is masked.
        :param hindsight: share of goals replaced by what a later observation achieved.
        :param newest: draw among the newest this many transitions only.
        :raises StoreError: no transition is held yet.
        """
        if not 0.0 <= hindsight <= 1.0:
            raise SpecError(f'hindsight: expected a share in [0, 1], got {hindsight}')
        batch = self._fitting(batch, horizon)
        start = self._draw(self._transitions, rng, batch, horizon, newest)
        end = self._end_of(start)
        goal = np.take(self._goal, start % self._capacity, axis=0)
        relabelled = rng.random(batch) < hindsight
        future = start + 1 + (rng.random(batch) * (end - start)).astype(np.int64)
        goal[relabelled] = self._achieved(future[relabelled])
        return self._windows(start, end, horizon, goal)

    def reverse(self, rng: np.random.Generator, batch: int, horizon: int,
                successful: float = 0.8) -> Batch:
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
        batch = self._fitting(batch, horizon)
        end = self._draw(self._ends, rng, batch, horizon, None)
        # Drawn in every case, so that the generator's use does not depend on the contents.
        prefer = rng.random(batch) < successful
        if len(self._won_ends):
            end = np.where(prefer, self._won_ends.draw(rng, batch), end)
        segment = np.take(self._segment, end % self._capacity)
        first = np.take(self._first, segment % self._capacity)
        start = np.maximum(np.maximum(first, self._count - self._capacity), end - horizon)
        goal = np.take(self._goal, end % self._capacity, axis=0)
        lost = ~np.take(self._won, end % self._capacity)
        goal[lost] = self._achieved(end[lost])
        return self._windows(start, end, horizon, goal)

    def seeds(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """
        Draw lived observations from which imagination may start, with their desired goals.

        :return: observations (count, D) and goals (count, G), float32.
        :raises StoreError: no transition is held yet.
        """
        slot = self._draw(self._transitions, rng, count, 1, None) % self._capacity
        return self._seen(slot), np.take(self._goal, slot, axis=0)

    def _fitting(self, batch: int, horizon: int) -> int:
        return min(batch, max(2, BATCH_NUMBERS // ((horizon + 1) * self._spec.size)))

    def _link(self, step: Step, slot: int) -> None:
        number = self._count
        segment, follows = self._segment_of(step)
        self._segment[slot] = segment
        if not follows:
            self._first[segment % self._capacity] = number
        self._last[segment % self._capacity] = number
        oldest = number + 1 - self._capacity
        self._transitions.drop_below(oldest)
        # An end whose predecessor is gone ends no transition any more.
        self._ends.drop_below(oldest + 1)
        self._won_ends.drop_below(oldest + 1)
        if follows:
            self._transitions.push(number - 1)
            if step.action is None:
                self._ends.push(number)
                if step.success:
                    self._won_ends.push(number)

    def _segment_of(self, step: Step) -> tuple[int, bool]:
        before = self._newest
        if before is None:
            return 0, False
        segment = int(self._segment[(self._count - 1) % self._capacity])
        follows = (before.action is not None and before.episode == step.episode
                   and before.index + 1 == step.index)
        return (segment, True) if follows else (segment + 1, False)

    def _draw(self, queue: _Queue, rng: np.random.Generator, count: int, horizon: int,
              newest: int | None) -> np.ndarray:
        if count < 1 or horizon < 1 or (newest is not None and newest < 1):
            raise SpecError('batch, horizon and newest: expected at least 1, '
                            f'got {count}, {horizon} and {newest}')
        if not len(queue):
            kind = 'transition' if queue is self._transitions else 'finished episode'
            raise StoreError(f'replay holds no {kind} yet; wait until some are lived')
        return queue.draw(rng, count, newest)

    def _end_of(self, step: np.ndarray) -> np.ndarray:
        segment = np.take(self._segment, step % self._capacity)
        return np.take(self._last, segment % self._capacity)

    def _achieved(self, step: np.ndarray) -> np.ndarray:
        return self._observation[step % self._capacity, self._spec.goal_slice]

    def _windows(self, start: np.ndarray, end: np.ndarray, horizon: int,
                 goal: np.ndarray) -> Batch:
        step = start[:, None] + np.arange(horizon + 1)                # (B, L + 1)
        mask = (step[:, :-1] < end[:, None]).astype(np.float32)
        slot = np.minimum(step, end[:, None]) % self._capacity
        action = np.take(self._action, slot[:, :-1], axis=0)
        action *= mask[:, :, None]
        return Batch(self._seen(slot), action, mask, goal)

    def _seen(self, slot: np.ndarray) -> np.ndarray:
        """Return the observations (..., D) in these slots."""
        numbers = np.take(self._observation, slot, axis=0)
        if not self._spec.images:
            return numbers
        pixels = np.take(self._pixels, slot, axis=0).astype(np.float32) / np.float32(255.0)
        return np.concatenate([numbers, pixels], axis=-1)
