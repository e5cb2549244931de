"""
The layout of observations, goals and actions.

Shape letters used everywhere: B batch, T time, D observation, A action, Z latent, G goal,
K ensemble members, N candidate plans, H planning horizon.
"""

import functools
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from abm_ros.common.errors import NonFiniteError, SpecError

_FEW = 256       # numbers that are checked without numpy


@dataclass(frozen=True)
class FieldSpec:
    """
    One named part of the observation vector.

    `shape` is (channels, height, width) of an image, whose numbers are k / 255; () for plain
    numbers. A `hidden` field is a target while learning and is never perceived. `angles` says that
    its numbers are joint angles in rad; records made before this key existed count as equal.
    """

    name: str
    size: int
    shape: tuple[int, ...] = ()
    hidden: bool = False
    angles: bool = field(default=False, compare=False)

    @property
    def is_image(self) -> bool:
        """Whether the field is an image."""
        return bool(self.shape)

    @property
    def dims(self) -> tuple[int, ...]:
        """Shape of the field's array: (size,) of plain numbers."""
        return self.shape or (self.size,)


@dataclass(frozen=True)
class ObservationSpec:
    """
    Layout of the observation vector (D,) and of the goal within it.

    Plain numbers (V of them) come first, images after them. `goal_field` names the field that
    holds the achieved goal. A goal is reached when the Euclidean distance between achieved and
    desired goal is at most `goal_tolerance`. A step is an event when it moves the achieved goal by
    more than `event_share` of the tolerance; records of another share are of the same kind.

    `told` says that only what the task tells is success: no distance counts, and the place of the
    goal means nothing. It is about the task, so records of both kinds are the same.
    """

    fields: tuple[FieldSpec, ...]
    goal_field: str
    goal_tolerance: float
    action_size: int
    control_period_s: float
    horizon: int
    event_share: float = field(default=0.03, compare=False)
    told: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        names = [f.name for f in self.fields]
        if len(set(names)) != len(names) or not names:
            raise SpecError(f'observation fields must be unique and not empty, got {names}')
        if self.goal_field not in names:
            raise SpecError(f"goal field '{self.goal_field}' is not among the observation's "
                            f'fields {names}')
        pictured = [f.is_image for f in self.fields]
        if pictured != sorted(pictured):
            raise SpecError(f'images must come after all plain numbers, got {names}')
        if any(f.shape and (len(f.shape) != 3 or math.prod(f.shape) != f.size or f.hidden)
               for f in self.fields):
            raise SpecError('expected images of 3 dimensions, the product their size, not hidden, '
                            f'got {[f for f in self.fields if f.shape]}')
        if all(f.hidden for f in self.fields) or self._goal_spec.is_image:
            raise SpecError('expected a field that is not hidden and a goal that is no image, got '
                            f'{self.fields}')
        if min(f.size for f in self.fields) < 1 or self.action_size < 1 or self.horizon < 1:
            raise SpecError(f'sizes and horizon must be at least 1, got {self}')

    def __hash__(self) -> int:
        """Return a hash that is computed once: specs are keys of caches on the control path."""
        return self._hash

    @functools.cached_property
    def _hash(self) -> int:
        return hash((self.fields, self.goal_field, self.action_size))

    @functools.cached_property
    def size(self) -> int:
        """Length D of the observation vector."""
        return sum(f.size for f in self.fields)

    @property
    def _goal_spec(self) -> FieldSpec:
        return next(f for f in self.fields if f.name == self.goal_field)

    @functools.cached_property
    def numbers(self) -> int:
        """Number V of plain numbers, which come first in the observation vector."""
        return sum(f.size for f in self.fields if not f.is_image)

    @property
    def pixels(self) -> int:
        """Number P of pixels, of all images and channels, which come last."""
        return self.size - self.numbers

    @functools.cached_property
    def images(self) -> tuple[FieldSpec, ...]:
        """The images, in order; they follow the plain numbers."""
        return tuple(f for f in self.fields if f.is_image)

    @functools.cached_property
    def perceived(self) -> tuple[float, ...]:
        """For each of the V plain numbers 1 if it is perceived, 0 if it is hidden."""
        return tuple(float(not f.hidden) for f in self.fields if not f.is_image
                     for _ in range(f.size))

    @functools.cached_property
    def goal_slice(self) -> slice:
        """Where the achieved goal (G,) lies in the observation vector."""
        return self.slice_of(self.goal_field)

    @property
    def goal_size(self) -> int:
        """Length G of the goal."""
        return self.goal_slice.stop - self.goal_slice.start

    @property
    def goal_hidden(self) -> bool:
        """Whether the achieved goal is hidden: the model estimates it."""
        return self._goal_spec.hidden

    def slice_of(self, name: str) -> slice:
        """Return where a named field lies in the observation vector."""
        start = 0
        for item in self.fields:
            if item.name == name:
                return slice(start, start + item.size)
            start += item.size
        raise SpecError(f"no observation field '{name}', expected one of "
                        f'{[f.name for f in self.fields]}')

    def moved(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """
        Tell whether steps were events: whether the object of the goal moved.

        :param before: (..., G) achieved goals.
        :param after: the next achieved goals.
        :return: (...) bool.
        """
        return np.asarray(np.linalg.norm(after - before, axis=-1)
                          > self.event_share * self.goal_tolerance)

    def reached(self, achieved: np.ndarray, goal: np.ndarray, within: float = 1.0) -> np.ndarray:
        """
        Tell whether goals are reached.

        :param achieved: (..., G) achieved goals, in their own units.
        :param goal: desired goals, of a shape that broadcasts with them.
        :param within: factor of the tolerance; 1 for success.
        :return: (...) bool.
        """
        return reached(achieved, goal, within * self.goal_tolerance)

    def to_json(self) -> str:
        """Serialise for the latched topic `observation/spec` and for stores."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> 'ObservationSpec':
        """Parse the text of `to_json`; refuse anything else."""
        try:
            raw: dict[str, Any] = json.loads(text)
            raw['fields'] = tuple(_field(f) for f in raw['fields'])
            raw.setdefault('event_share', cls.event_share)   # of records made without it
            for key, kind in (('goal_tolerance', float), ('control_period_s', float),
                              ('event_share', float), ('action_size', int), ('horizon', int)):
                raw[key] = _positive(key, raw[key], kind)
            raw['told'] = raw.get('told') is True
            return cls(**raw)
        except (ValueError, TypeError, KeyError) as error:
            raise SpecError(f'not an observation spec: {error}') from error


def reached(achieved: np.ndarray, goal: np.ndarray, tolerance: float) -> np.ndarray:
    """Tell whether goals (..., G) are at most `tolerance` away, in their own units."""
    return np.asarray(np.linalg.norm(achieved - goal, axis=-1) <= tolerance)


def _field(raw: Mapping[str, Any]) -> FieldSpec:
    name, size = str(raw['name']), int(raw['size'])
    shape = tuple(_positive('shape', n, int) for n in raw.get('shape', ()))
    return FieldSpec(name, size, shape, raw.get('hidden') is True, raw.get('angles') is True)


def _positive(name: str, value: Any, kind: type) -> Any:
    """Return a finite number above 0 of this type; refuse anything else."""
    fits = isinstance(value, kind) or (kind is float and isinstance(value, int))
    if isinstance(value, bool) or not fits or not 0 < value < float('inf'):
        raise SpecError(f'observation spec: {name}: expected a finite {kind.__name__} above 0, '
                        f'got {value!r}')
    return kind(value)


def check_array(name: str, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    """
    Return a value as float32 of exactly this shape; refuse other shapes and non-finite numbers.

    :raises SpecError: naming the array, the shape expected and the shape got.
    :raises NonFiniteError: naming the array and how many elements are not finite.
    """
    array = np.asarray(value, np.float32)
    if array.shape != shape:
        raise SpecError(f"'{name}': expected shape {shape}, got {array.shape}")
    if not all_finite(array):
        finite = np.isfinite(array)
        raise NonFiniteError(f"'{name}': {int((~finite).sum())} of {array.size} numbers "
                             'are not finite')
    return array


def all_finite(array: np.ndarray) -> bool:
    """
    Tell whether no number of a float32 array is NaN or infinite.

    On the control path the processor's caches are cold, so the amount of code matters more than
    its speed (decision 0011). A sum of a few doubles runs less code than a numpy reduction, and a
    sum of so few float32 numbers cannot overflow a double.
    """
    if array.size <= _FEW:
        return math.isfinite(sum(array.ravel().tolist()))
    return bool(np.isfinite(array).all())
