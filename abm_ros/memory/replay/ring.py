"""
The newest steps in RAM, and which of them follow each other (decision 0034).

Steps are numbered from 0 as they arrive (absolute numbers); step i lies in slot i % capacity. A
segment is a gapless run of steps of one episode: each step but its last has a successor.
"""

from collections.abc import Iterable

import numpy as np

from abm_ros.common.errors import SpecError
from abm_ros.common.packing import Packing, joined
from abm_ros.common.spec import ObservationSpec, check_array
from abm_ros.common.transition import LIVED, PROVENANCES, Step, corrector_of, teacher_of
from abm_ros.memory.record.blocks import StepBlock
from abm_ros.memory.replay.shown import Claim, Shown

# What a draw may be from; lived steps never include imagined ones.
SOURCES = ('lived', *PROVENANCES)
_ORIGINS = {name: code for code, name in enumerate(PROVENANCES)}
_LIVED = np.array([name in LIVED for name in PROVENANCES])


class Queue:
    """A queue of increasing absolute step numbers, which can be drawn uniformly."""

    def __init__(self, capacity: int) -> None:
        self._values = np.empty(capacity, np.int64)
        self._head = 0
        self._tail = 0

    def __len__(self) -> int:
        return self._tail - self._head

    @property
    def values(self) -> np.ndarray:
        """All numbers (N,), oldest first."""
        return self._values[np.arange(self._head, self._tail) % len(self._values)]

    def push(self, values: np.ndarray) -> None:
        """Append numbers (N,); there must be room."""
        places = np.arange(self._tail, self._tail + len(values)) % len(self._values)
        self._values[places] = values
        self._tail += len(values)

    def drop_between(self, first: int, last: int) -> None:
        """Drop the numbers from the first to the last."""
        held = self._values[np.arange(self._head, self._tail) % len(self._values)]
        self._tail = self._head
        self.push(held[(held < first) | (held > last)])

    def drop_below(self, value: int) -> None:
        """Drop the numbers below a value."""
        while self._head < self._tail and self._values[self._head % len(self._values)] < value:
            self._head += 1

    def newest(self, count: int) -> np.ndarray:
        """Return the newest numbers, fewer where there are not as many."""
        return self._values[np.arange(max(self._head, self._tail - count), self._tail)
                            % len(self._values)]

    def draw(self, rng: np.random.Generator, count: int, newest: int | None = None) -> np.ndarray:
        """Draw numbers (count,) among the `newest` ones; None draws among all."""
        among = len(self) if newest is None else min(newest, len(self))
        return self._values[(self._tail - 1 - rng.integers(among, size=count))
                            % len(self._values)]


class Starts:
    """The absolute step numbers that can be drawn for one source."""

    def __init__(self, capacity: int) -> None:
        self.transitions = Queue(capacity)     # steps that have a successor
        self.events = Queue(capacity)          # those that are events
        self.ends = Queue(capacity)            # last steps of finished episodes
        self.won_ends = Queue(capacity)        # those that ended in success
        self.successes = Queue(capacity)       # before a success that the task told

    def drop_below(self, oldest: int) -> None:
        """Drop what begins before the oldest step held."""
        self.transitions.drop_below(oldest)
        self.events.drop_below(oldest)
        self.successes.drop_below(oldest)
        # An end whose predecessor is gone no longer ends a transition.
        self.ends.drop_below(oldest + 1)
        self.won_ends.drop_below(oldest + 1)


class Ring:
    """Holds the newest steps, images as bytes."""

    def __init__(self, spec: ObservationSpec, capacity: int) -> None:
        """
        Reserve memory.

        :param spec: the layout of observations, goals and actions.
        :param capacity: number of steps held; older ones are overwritten.
        :raises SpecError: the capacity is too small for a transition.
        """
        if capacity < 2:
            raise SpecError(f'replay capacity: expected at least 2 steps, got {capacity}')
        self.spec = spec
        self.capacity = capacity
        self.count = 0
        self.packing = Packing(spec)
        # Zeros take no memory until they are written to.
        self.numbers = np.zeros((capacity, spec.numbers), np.float32)
        self.pixels = np.zeros((capacity, self.packing.pixel_size), np.uint8)
        self.goal = np.zeros((capacity, spec.goal_size), np.float32)
        self.action = np.zeros((capacity, spec.action_size), np.float32)
        self.won = np.zeros(capacity, np.bool_)
        self.world = np.zeros(capacity, np.int64)          # in which the step was lived
        self.told = np.zeros(capacity, np.bool_)           # whether the task told the success
        self.reward = np.zeros(capacity, np.float32)       # nan where the task told none
        self.tells = False                                 # whether it ever told a success
        self.rewards = (np.inf, -np.inf)                   # the least and the most ever told
        self.surprise = np.zeros(capacity, np.float32)     # nan where it is not known
        self.novelty = np.zeros(capacity, np.float32)
        self.gain = np.zeros(capacity, np.float32)         # fall of the surprise
        self.starts_lived = np.zeros(capacity, np.bool_)   # whether a lived step has a successor
        # Of `shown`: a claim, -1 for own steps, and from -2 downwards those who corrected them.
        self.claim = np.full(capacity, -1)
        self.shown = Shown(spec)
        # A step's segment, and a segment's first and last step; there are at most as many segments
        # as steps.
        self._segment = np.zeros(capacity, np.int64)
        self._first = np.zeros(capacity, np.int64)
        self._last = np.zeros(capacity, np.int64)
        self._starts = {name: Starts(capacity) for name in SOURCES}
        # Episode, index, whether acted, origin, and whose body's.
        self._newest = (-1, -1, False, -1, -1)
        self.lived_world = 0                   # of the steps that come

    @property
    def oldest(self) -> int:
        """The oldest step held."""
        return max(0, self.count - self.capacity)

    def starts(self, source: str) -> Starts:
        """Return what can be drawn of one of SOURCES."""
        return self._starts[source]

    def end_of(self, step: np.ndarray) -> np.ndarray:
        """Return the last step so far of the segments of steps (N,)."""
        segment = np.take(self._segment, step % self.capacity)
        return np.take(self._last, segment % self.capacity)

    def first_of(self, step: np.ndarray) -> np.ndarray:
        """Return the first step, of those held, of the segments of steps (N,)."""
        segment = np.take(self._segment, step % self.capacity)
        return np.maximum(np.take(self._first, segment % self.capacity), self.oldest)

    def observation(self, step: np.ndarray) -> np.ndarray:
        """Return the observations (..., D) float32 of steps (...)."""
        return joined(*self.packed(step))

    def packed(self, step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers (..., V) float32 and the pixels (..., P) uint8 of steps (...)."""
        slot = step % self.capacity
        return np.take(self.numbers, slot, axis=0), np.take(self.pixels, slot, axis=0)

    def append(self, step: Step) -> None:
        """
        Take the next step.

        :raises SpecError: an array does not fit the spec; the step is not taken.
        """
        spec = self.spec
        observation = check_array('observation', step.observation, (spec.size,))
        goal = check_array('goal', step.goal, (spec.goal_size,))
        acted = step.action is not None
        action = (check_array('action', step.action, (spec.action_size,)) if acted else
                  np.zeros(spec.action_size, np.float32))
        numbers, pixels = self.packing.split(observation)
        self._take(StepBlock(
            np.zeros(1, np.int64), np.array([step.episode]), np.array([step.index]),
            np.array([step.stamp_ns]), np.zeros(1, np.uint8),
            np.array([_ORIGINS[step.provenance]], np.uint8), np.array([acted]),
            np.array([step.success]), np.array([step.told]), np.array([step.reward], np.float32),
            np.array([self.lived_world]), np.array([(step.novelty, step.surprise)], np.float32),
            np.concatenate((numbers, goal, action))[None], pixels[None], (step.mode,)))

    def note(self, surprise: float) -> None:
        """Set the surprise of the newest transition, which the last step completed."""
        self.surprise[(self.count - 2) % self.capacity] = surprise

    def enter_world(self, world: int, transitions: int) -> int:
        """
        Let steps from now on be of another world, and the newest ones too.

        :param transitions: how many of the newest transitions were lived in it already.
        :return: how many of the newest steps are of it now.
        """
        self.lived_world, step = world, self.count - 1
        while transitions > 0 and step >= self.oldest:
            transitions -= int(self.starts_lived[step % self.capacity])
            self.world[step % self.capacity] = world
            step -= 1
        return self.count - 1 - step

    def extend(self, blocks: Iterable[StepBlock]) -> None:
        """Take many blocks in the order lived: fills an index from a record."""
        for block in blocks:
            self.append_block(block)

    def append_block(self, block: StepBlock) -> None:
        """Take the next steps, all of this spec."""
        for start in range(0, len(block), self.capacity):
            self._take(block.take(slice(start, start + self.capacity)))

    def _take(self, block: StepBlock) -> None:
        count = len(block)
        step = np.arange(self.count, self.count + count)
        slot = step % self.capacity
        size, goal = self.spec.numbers, self.spec.numbers + self.spec.goal_size
        self.numbers[slot] = block.rows[:, :size]
        self.goal[slot] = block.rows[:, size:goal]
        self.action[slot] = block.rows[:, goal:]
        self.pixels[slot] = block.pixels
        self.won[slot], self.told[slot], self.reward[slot] = (
            block.success, block.told, block.reward)
        self.tells = self.tells or bool(block.told.any())
        least, most = self.rewards
        self.rewards = (float(np.fmin.reduce(block.reward, initial=least)),
                        float(np.fmax.reduce(block.reward, initial=most)))
        self.world[slot], self.lived_world = block.world, int(block.world[-1])
        self.novelty[slot], self.surprise[slot] = block.signals.T
        self.gain[slot] = np.nan
        self.starts_lived[slot] = False
        began = np.concatenate(([self._newest[3]], block.origin[:-1]))
        follows = self._follow(block)
        segment = self._segment[(self.count - 1) % self.capacity] * (self.count > 0)
        segment = segment + np.cumsum(~follows)
        self._segment[slot] = segment
        begins = ~follows
        self._first[segment[begins] % self.capacity] = step[begins]
        self._last[segment % self.capacity] = step        # the last of equal indices counts
        self.count += count
        self._queue(block, step, follows, began)
        self._judge(block, step)

    def _judge(self, block: StepBlock, step: np.ndarray) -> None:
        """Note what a teacher showed, and what own steps say of it."""
        slot, told = step % self.capacity, self.spec.told
        self.claim[slot] = -1
        achieved = self.numbers[:, self.spec.goal_slice]
        if not self.shown.claims and not any(
                teacher_of(mode)[0] or corrector_of(mode) for mode in block.modes):
            if told:
                for place in achieved[slot[block.told & block.success & _LIVED[block.origin]]]:
                    self.shown.own.add(place)
            return
        for i, number in enumerate(step):
            mode = block.modes[block.mode[i]]
            if block.origin[i] == _ORIGINS['teacher'] and teacher_of(mode)[0]:
                self.claim[slot[i]] = self._claim(mode, int(block.episode[i]), int(number),
                                                  success=bool(block.success[i]))
                continue
            if corrector := corrector_of(mode):
                self.claim[slot[i]] = -2 - self.shown.corrected(corrector)
            if told and block.told[i] and _LIVED[block.origin[i]]:
                for claim in self.shown.judge(achieved[slot[i]],
                                              success=bool(block.success[i])):
                    self._refute(claim)

    def _claim(self, mode: str, episode: int, step: int, *, success: bool) -> int:
        claims = self.shown.claims
        if not claims or claims[-1].episode != episode:
            self.shown.open_at(step, episode, mode)
        self.shown.show(self.numbers[step % self.capacity, self.spec.goal_slice].copy(), step,
                        success=success)
        return len(claims) - 1

    def _refute(self, claim: Claim) -> None:
        """Let what a demonstration claimed be no success."""
        first, last = claim.steps
        held = np.arange(max(first, self.oldest), last + 1) % self.capacity
        self.won[held] = False
        for starts in self._starts.values():
            starts.successes.drop_between(first, last)
            starts.won_ends.drop_between(first, last)

    def _follow(self, block: StepBlock) -> np.ndarray:
        episode, index, acted, _, body = self._newest
        # The body is the robot's own where a person corrected it.
        own = np.array([bool(corrector_of(mode)) for mode in block.modes])
        bodies = np.where(own[block.mode], _ORIGINS['self'], block.origin)
        before_body = np.concatenate(([body], bodies[:-1]))
        before_episode = np.concatenate(([episode], block.episode[:-1]))
        before_index = np.concatenate(([index], block.index[:-1]))
        before_acted = np.concatenate(([acted], block.acted[:-1]))
        self._newest = (int(block.episode[-1]), int(block.index[-1]), bool(block.acted[-1]),
                        int(block.origin[-1]), int(bodies[-1]))
        return (before_acted & (before_episode == block.episode)
                & (before_index + 1 == block.index) & (before_body == bodies))

    def _queue(self, block: StepBlock, step: np.ndarray, follows: np.ndarray,
               origin: np.ndarray) -> None:
        """
        Update what can be drawn.

        :param origin: (N,), of the step before each, whose action led to it.
        """
        oldest = self.oldest
        started = step - 1
        linked = follows & (started >= oldest)
        ends = linked & ~block.acted
        achieved = self.numbers[:, self.spec.goal_slice]
        moved = linked & self.spec.moved(achieved[started % self.capacity],
                                         achieved[step % self.capacity])
        self.starts_lived[started[linked & _LIVED[origin]] % self.capacity] = True
        for source, starts in self._starts.items():
            starts.drop_below(oldest)
            among = linked & (_LIVED[origin] if source == 'lived' else
                              origin == _ORIGINS[source])
            if among.any():
                starts.transitions.push(started[among])
                starts.events.push(started[among & moved])
                starts.successes.push(started[among & block.told & block.success])
                starts.ends.push(step[among & ends])
                starts.won_ends.push(step[among & ends & block.success])
