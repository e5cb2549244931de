"""
The replay index: draws batches from the newest steps in RAM (decisions 0034, 0035).

A draw depends only on the generator and on the steps held, not on steps that were overwritten.
Each draw is from one source: imagined steps must be asked for, and are never in a batch with lived
ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from abm_ros.common.config import check, setting
from abm_ros.common.errors import StoreError
from abm_ros.common.packing import joined
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Batch
from abm_ros.memory.replay.draw import (
    BALANCED,
    NEWEST,
    REVERSE,
    SEEDS,
    UNIFORM,
    WORLDS,
    Draw,
)
from abm_ros.memory.replay.priorities import Priorities, of_each_world
from abm_ros.memory.replay.ring import Queue, Ring
from abm_ros.world_model.inverse import usual_step
from abm_ros.world_model.worlds.actuator_map import ActuatorMap
from abm_ros.world_model.worlds.told import ToldWorld

# A batch holds at most this many numbers of observations (4 MB): with images, fewer windows.
BATCH_NUMBERS = 1_000_000
# Shares of a balanced batch: the newest steps, the rare ones; the rest is uniform.
RECENT_SHARE, RARE_SHARE = 0.25, 0.25
_RECENT = 0.1      # the newest tenth of what is held
# Share of the windows of a reverse draw that end in success, if any episode did.
SUCCESSFUL_SHARE = 0.8
# How far beyond two places that were achieved the goal of a seed may lie, of the way between them.
BEYOND = 0.5
# Transitions that a model is judged by, at least; more where it has not learned from more.
JUDGED = 20
_USUAL = 200        # transitions that say how large a step usually is


@dataclass(frozen=True)
class ReplayConfig:
    """How much memory keeps in RAM, and what uniform draws contain."""

    capacity: int = setting(
        200_000, 'Newest steps kept in RAM for replay.', low=2, high=100_000_000)
    hindsight: float = setting(
        0.8, 'Share of replayed goals that are outcomes reached later in the episode.',
        low=0.0, high=1.0)
    events: float = setting(
        0.25, 'Least share of uniformly drawn windows that contain an event.',
        low=0.0, high=1.0)

    def __post_init__(self) -> None:
        check(self)


class ReplayIndex(Ring):
    """Draws batches: uniform or prioritised, in hindsight, or in reverse."""

    def __init__(self, spec: ObservationSpec, capacity: int) -> None:
        """As `Ring`."""
        super().__init__(spec, capacity)
        self.priorities = Priorities(self)
        # The steps that System A's learner could draw from when it drew last.
        self.learned = 0
        self._maps: Mapping[int, ActuatorMap] = {}

    def __len__(self) -> int:
        """Return the number of lived transitions held."""
        return len(self.starts('lived').transitions)

    @property
    def steps(self) -> int:
        """Number of steps held."""
        return min(self.count, self.capacity)

    def follow(self, told: ToldWorld) -> int:
        """
        Take the world that is believed after the newest step, and what actions do in each.

        :return: how many of the newest steps turn out to be of it.
        """
        self.maps = told.maps
        if not told.began:
            return 0
        return self.enter_world(told.world, told.began)

    @property
    def maps(self) -> Mapping[int, ActuatorMap]:
        """What actions did in each world: batches hold the effective ones, the same for all."""
        return self._maps

    @maps.setter
    def maps(self, maps: Mapping[int, ActuatorMap]) -> None:
        """Take the maps of now; what a world that is forgotten did is kept in its steps."""
        for number in self._maps.keys() - maps.keys():
            there, known = self.world == number, self._maps[number]
            self.action[there] = known.effective(self.action[there])
            self.numbers[there] = known.true(self.numbers[there])
            self.world[there] = 0
        self._maps = dict(maps)

    def draw(self, rng: np.random.Generator, draw: Draw) -> Batch:
        """
        Draw windows.

        If an object moves in one step of fifty, only those steps teach what moves it. So uniform
        draws are supplemented with windows that contain events (decision 0030). Hindsight goals
        are achieved after a window's first step.

        Source: the strategy 'future' of hindsight experience replay, Andrychowicz et al. 2017,
        sec. 4.5.

        :raises StoreError: no step that could be drawn is held yet.
        """
        count = min(draw.batch, max(2, BATCH_NUMBERS // ((draw.kept + 1) * self.spec.size)))
        if draw.kind == REVERSE:
            return self._reverse(rng, count, draw)
        _need(self.starts(draw.source).transitions, 'transition')
        if draw.kind == SEEDS:
            return self._seeds(rng, count, draw.horizon)
        if draw.kind == NEWEST:
            newest = max(JUDGED, self.count - 1 - self.learned)
            return self._from(rng, self.starts('lived').transitions.draw(rng, count, newest),
                              draw.horizon, 0.0)
        start = (self._eventful(rng, count, draw) if draw.kind == UNIFORM
                 else self._prioritised(rng, count, draw.kind))
        return self._from(rng, start, draw.kept, draw.hindsight)

    def _eventful(self, rng: np.random.Generator, count: int, draw: Draw) -> np.ndarray:
        """Return uniform starts, supplemented so that a share of the windows has an event."""
        starts = self.starts(draw.source)
        # Where no distance counts, what moves teaches nothing of success.
        events = starts.successes if self.spec.told else starts.events
        lacking = draw.events - len(events) / len(starts.transitions)
        eventful = round(max(lacking, 0.0) * count) if len(events) else 0
        uniform = starts.transitions.draw(rng, count - eventful)
        if not eventful:
            return uniform
        event = events.draw(rng, eventful)
        before = event - rng.integers(draw.horizon, size=eventful)
        return np.concatenate([uniform, np.maximum(before, self.first_of(event))])

    def _prioritised(self, rng: np.random.Generator, count: int, kind: str) -> np.ndarray:
        """Return starts in proportion to their priorities."""
        if kind == WORLDS:
            return of_each_world(self, rng, count)
        if kind != BALANCED:
            return self.priorities.draw(rng, count, kind)
        transitions = self.starts('lived').transitions
        recent, rare = round(RECENT_SHARE * count), round(RARE_SHARE * count)
        return np.concatenate([
            transitions.draw(rng, recent, max(1, int(_RECENT * len(transitions)))),
            self.priorities.draw(rng, rare, 'rarity'),
            transitions.draw(rng, count - recent - rare)])

    def _reverse(self, rng: np.random.Generator, count: int, draw: Draw) -> Batch:
        """
        Draw windows that end where an episode ended, for reverse replay of values.

        Each window is in the order of time. The learner sweeps it from its last column to its
        first, so that one pass carries the value of the end to the beginning. An episode shorter
        than the horizon is padded at the end, with mask 0. The goal is the desired one if the
        episode ended in success, and the goal achieved at its end otherwise: a sweep without a
        reward at its start would carry nothing. While no episode has ended, any step is an end.

        Source: reverse replay, Foster & Wilson 2006.
        """
        starts = self.starts(draw.source)
        _need(starts.transitions, 'transition')
        end = (starts.ends.draw(rng, count) if len(starts.ends)
               else starts.transitions.draw(rng, count) + 1)
        # Drawn in every case, so that the use of the generator does not depend on the contents.
        prefer = rng.random(count) < SUCCESSFUL_SHARE
        if len(starts.won_ends):
            end = np.where(prefer, starts.won_ends.draw(rng, count), end)
        start = np.maximum(self.first_of(end), end - draw.horizon)
        goal = np.take(self.goal, end % self.capacity, axis=0)
        own = self.spec.told | np.take(self.won, end % self.capacity)
        goal[~own] = self._achieved(end[~own])
        return self._windows(start, end, draw.horizon, goal, own)

    def _seeds(self, rng: np.random.Generator, count: int, horizon: int) -> Batch:
        """
        Draw windows for dreams to begin at.

        Each goal lies on the line through two places that were ever achieved, or a bit beyond
        them: replay in hindsight pairs a state with what its own episode achieved, a dream with
        what any did. Source: goal babbling, Rolf et al. 2010.
        """
        transitions = self.starts('lived').transitions
        start, one, two = (transitions.draw(rng, count) for _ in range(3))
        share = rng.uniform(-BEYOND, 1.0 + BEYOND, (count, 1)).astype(np.float32)
        goal = self._achieved(one) + share * (self._achieved(two) - self._achieved(one))
        return self._windows(start, self.end_of(start), horizon, goal, np.zeros(count, np.bool_))

    def _from(self, rng: np.random.Generator, start: np.ndarray, horizon: int,
              hindsight: float) -> Batch:
        batch, end = len(start), self.end_of(start)
        goal = np.take(self.goal, start % self.capacity, axis=0)
        own = (rng.random(batch) >= hindsight) | self.spec.told
        future = start + 1 + (rng.random(batch) * (end - start)).astype(np.int64)
        goal[~own] = self._achieved(future[~own])
        return self._windows(start, end, horizon, goal, own)

    def _achieved(self, step: np.ndarray) -> np.ndarray:
        return self.numbers[step % self.capacity, self.spec.goal_slice]

    def usual_step(self) -> np.ndarray:
        """Return how far (V,) each plain number moves in one of the newest lived steps."""
        starts = self.starts('self').transitions
        step = starts.newest(_USUAL)
        return usual_step(self.spec, self.packed(step + 1)[0] - self.packed(step)[0])

    def effective(self, action: np.ndarray, world: int) -> np.ndarray:
        """Return the effective action (A,) of one that was executed in a world."""
        known = self.maps.get(world)
        return action if known is None else known.effective(action)

    def true(self, observation: np.ndarray, world: int) -> np.ndarray:
        """Return an observation (D,) as it would read in a world whose readings are right."""
        known, numbers = self.maps.get(world), self.spec.numbers
        return observation if known is None else np.concatenate(
            [known.true(observation[:numbers]), observation[numbers:]])

    def true_observation(self, step: np.ndarray) -> np.ndarray:
        """Return the observations (N, D) float32 of steps (N,), their readings corrected."""
        numbers, pixels = self.packed(step)
        self._correct(numbers, step)
        return joined(numbers, pixels)

    def effective_in(self, slot: np.ndarray) -> np.ndarray:
        """Return the effective actions (..., A) of what was executed in slots (...)."""
        action = np.take(self.action, slot, axis=0)
        world = np.take(self.world, slot)
        for number, known in self.maps.items():
            there = world == number
            if not known.is_identity and there.any():
                action[there] = known.effective(action[there])
        return action

    def _correct(self, numbers: np.ndarray, step: np.ndarray) -> None:
        """Take the offset of readings from the numbers (..., V) of steps (...), in place."""
        world = np.take(self.world, step % self.capacity)
        for number, known in self.maps.items():
            there = world == number
            if known.offset.any() and there.any():
                numbers[there] = known.true(numbers[there])

    def _windows(self, start: np.ndarray, end: np.ndarray, horizon: int,
                 goal: np.ndarray, own: np.ndarray) -> Batch:
        step = start[:, None] + np.arange(horizon + 1)                # (B, L + 1)
        mask = (step[:, :-1] < end[:, None]).astype(np.float32)
        step = np.minimum(step, end[:, None])
        action = self.effective_in(step[:, :-1] % self.capacity)
        action *= mask[:, :, None]
        numbers, pixels = self.packed(step)
        self._correct(numbers, step)
        success, reward = self._outcomes(step[:, 1:] % self.capacity, own[:, None])
        weight, shown = self._taught(start)
        if success is not None and shown is not None:
            # Only the end of a demonstration claims something.
            success[(shown > 0)[:, None] & (success == 0.0)] = -1.0
        return Batch(numbers, action, mask, goal, pixels, success, reward, self.spec.told, weight,
                     shown)

    def _taught(self, start: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Return how much is learned from windows, and which were shown; see `Batch`."""
        claims, persons = self.shown.claims, self.shown.correctors[::-1]
        if not claims and not persons:
            return None, None
        claim = np.take(self.claim, start % self.capacity)
        # The last place is taken by -1, and those before it by who corrected own steps.
        weight = np.array([*(self.shown.weight(c) for c in claims), *(1.0 for _ in persons), 1.0],
                          np.float32)
        shown = np.array([*(c.kind for c in claims), *(-self.shown.imitated(p) for p in persons),
                          0.0], np.float32)
        return weight[claim], shown[claim]

    def _outcomes(self, slot: np.ndarray, own: np.ndarray
                  ) -> tuple[np.ndarray | None, np.ndarray | None]:
        """
        Return what the task told of the steps in slots (B, L); see `Batch`.

        :param own: (B, 1), whether a window has the goal that the task was about.
        """
        success = reward = None
        if self.spec.told or self.tells:
            told = np.where(np.take(self.told, slot), np.take(self.won, slot),
                            0.0 if self.spec.told else -1.0)
            success = np.where(own, told, -1.0).astype(np.float32)
        least, most = self.rewards
        if most > least:
            given = np.take(self.reward, slot)
            known = own & np.isfinite(given)
            reward = np.where(known, (given - most) / (most - least), 1.0).astype(np.float32)
        return success, reward


def _need(queue: Queue, kind: str) -> None:
    if not len(queue):
        raise StoreError(f'replay holds no {kind} yet; wait until one is recorded')
