"""The write buffer: steps that were checked and wait, as columns, for the next commit."""

import numpy as np

from abm_ros.common.errors import SpecError
from abm_ros.common.packing import Packing
from abm_ros.common.spec import ObservationSpec, all_finite, check_array
from abm_ros.common.transition import PROVENANCES, Step
from abm_ros.memory.record.blocks import StepBlock

_INTEGER_LIMIT = 2 ** 63
_MODES_LIMIT = 255
_ORIGINS = {name: code for code, name in enumerate(PROVENANCES)}
_FIRST_ROWS = 256


class WriteBuffer:
    """Takes steps one by one and returns them as a block."""

    def __init__(self, spec: ObservationSpec, packing: Packing) -> None:
        self._packing = packing
        self._shapes = ((spec.size,), (spec.goal_size,), (spec.action_size,))
        self._width = packing.number_size + spec.goal_size + spec.action_size
        self._still = np.zeros(spec.action_size, np.float32)
        self._rows = np.empty((_FIRST_ROWS, self._width), np.float32)
        self._pixels = np.empty((_FIRST_ROWS, packing.pixel_size), np.uint8)
        self._scalars: list[tuple[int, int, int, int, int, int, bool, bool, bool, float, int,
                                  float, float]] = []
        self._modes: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._scalars)

    def take(self, number: int, step: Step) -> None:
        """
        Copy a step.

        :param number: its id.
        :raises SpecError: an array does not fit the spec, or a number or name is out of range.
        :raises NonFiniteError: an array holds NaN or infinity.
        """
        count = len(self._scalars)
        if not (0 <= step.episode < _INTEGER_LIMIT and 0 <= step.index < _INTEGER_LIMIT
                and 0 <= step.stamp_ns < _INTEGER_LIMIT and 0 <= step.world < _INTEGER_LIMIT):
            raise _out_of_range(step)
        origin = _ORIGINS.get(step.provenance)
        if origin is None:
            raise SpecError(f"step's provenance: expected one of {', '.join(PROVENANCES)}, "
                            f'got {step.provenance!r}')
        mode = self._mode(step.mode)
        if count == len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
            self._pixels = np.concatenate([self._pixels, np.empty_like(self._pixels)])
        if not self._write(step, self._rows[count]):
            self._write_checked(step, count)
        self._scalars.append((number, step.episode, step.index, step.stamp_ns, mode, origin,
                              step.action is not None, step.success, step.told, step.reward,
                              step.world, step.novelty, step.surprise))

    def note(self, number: int, novelty: float, surprise: float) -> bool:
        """Add signals to a waiting step; return False when it no longer waits."""
        place = number - self._scalars[0][0] if self._scalars else -1
        if not 0 <= place < len(self._scalars):
            return False
        *rest, old_novelty, old_surprise = self._scalars[place]
        self._scalars[place] = (*rest,                       # type: ignore[assignment]
                                old_novelty if np.isnan(novelty) else novelty,
                                old_surprise if np.isnan(surprise) else surprise)
        return True

    def relabel(self, number: int, world: int) -> None:
        """Let the waiting steps from this id on be of another world."""
        for place, scalars in enumerate(self._scalars):
            if scalars[0] >= number:
                self._scalars[place] = (*scalars[:10], world, *scalars[11:])

    def block(self) -> StepBlock:
        """Return the waiting steps as a block; they stay in the buffer."""
        count = len(self._scalars)
        (ids, episode, index, stamp, mode, origin, acted, success, told, reward, world,
         novelty, surprise) = zip(*self._scalars, strict=True)
        return StepBlock(
            np.array(ids, np.int64), np.array(episode, np.int64), np.array(index, np.int64),
            np.array(stamp, np.int64), np.array(mode, np.uint8), np.array(origin, np.uint8),
            np.array(acted, np.bool_), np.array(success, np.bool_), np.array(told, np.bool_),
            np.array(reward, np.float32), np.array(world, np.int64),
            np.array((novelty, surprise), np.float32).T, self._rows[:count].copy(),
            self._pixels[:count].copy(), tuple(self._modes))

    def clear(self) -> None:
        """Empty the buffer."""
        self._scalars.clear()
        self._modes.clear()
        if len(self._rows) > _FIRST_ROWS:
            self._rows = np.empty((_FIRST_ROWS, self._width), np.float32)
            self._pixels = np.empty((_FIRST_ROWS, self._packing.pixel_size), np.uint8)

    def _mode(self, mode: str) -> int:
        code = self._modes.get(mode)
        if code is None:
            if not mode.isprintable():
                raise SpecError(f"step's mode: expected a printable name, got {mode!r}")
            if len(self._modes) == _MODES_LIMIT:
                raise SpecError(f'one commit can name {_MODES_LIMIT} modes; commit more often')
            code = self._modes[mode] = len(self._modes)
        return code

    def _write(self, step: Step, row: np.ndarray) -> bool:
        """Write all numbers at once; return False when shapes or values need a closer check."""
        observation, goal, action = step.observation, step.goal, step.action
        if action is None:
            action = self._still
        if (self._packing.images or type(observation) is not np.ndarray
                or type(goal) is not np.ndarray or type(action) is not np.ndarray
                or (observation.shape, goal.shape, action.shape) != self._shapes):
            return False
        np.concatenate((observation, goal, action), out=row, casting='unsafe')
        return all_finite(row)

    def _write_checked(self, step: Step, count: int) -> None:
        """Write the numbers and pixels; raise an error that names what is wrong with them."""
        row, numbers = self._rows[count], self._packing.number_size
        whole = check_array('observation', step.observation, self._shapes[0])
        row[:numbers], self._pixels[count] = self._packing.split(whole)
        goal = numbers + self._shapes[1][0]
        row[numbers:goal] = check_array('goal', step.goal, self._shapes[1])
        row[goal:] = (0.0 if step.action is None else
                      check_array('action', step.action, self._shapes[2]))


def _out_of_range(step: Step) -> SpecError:
    for name, value in (('episode', step.episode), ('index', step.index),
                        ('stamp_ns', step.stamp_ns), ('world', step.world)):
        if not 0 <= value < _INTEGER_LIMIT:
            return SpecError(f"step's {name}: expected 0 <= {name} < 2**63, got {value}")
    raise ValueError('unreachable')
