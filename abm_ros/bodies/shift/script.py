"""
The script of a life: a body, its number of steps, and its shifts.

```
version: 1
body: gym:PandaReachJoints-v3
steps: 900                      # control steps of the life
shifts:
  - {at: 300, until: 600, kind: gain, value: -1}              # all actuators
  - {at: 700, over: 100, kind: gain, value: 0.5, joints: [0]}   # a drift that takes 100 steps
```
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from abm_ros.bodies.shift.kinds import shift_kind
from abm_ros.common.errors import AbmError, ConfigError
from abm_ros.common.tables import Reader, shown

_READ = Reader('life', ConfigError)
_MOST = 1e9


@dataclass(frozen=True)
class Event:
    """
    One shift of a life.

    It begins with control step `at`, takes `over` steps to come to its value, and ends with step
    `until` (none: never). `joints` are names or indices; empty means all.
    """

    at: int
    kind: str
    value: float
    until: int | None = None
    over: int = 0
    joints: tuple[str | int, ...] = ()

    def share(self, step: int) -> float:
        """Return its share in force at a control step, in [0, 1]."""
        if step < self.at or (self.until is not None and step >= self.until):
            return 0.0
        return 1.0 if not self.over else min(1.0, (step - self.at + 1) / self.over)


@dataclass(frozen=True)
class LifeScript:
    """A body, its control steps, and the events of its life in their order."""

    body: str
    steps: int
    events: tuple[Event, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain

    def changes(self) -> list[tuple[int, int]]:
        """Return the steps at which the world changes, each with the number of its world."""
        ends = {e.until for e in self.events if e.until is not None and e.until < self.steps}
        marks = sorted({e.at for e in self.events} | ends)
        worlds: dict[tuple[tuple[object, ...], ...], int] = {(): 0}
        return [(mark, worlds.setdefault(tuple(
            (e.kind, e.value, e.joints) for e in self.events if e.share(mark) > 0), len(worlds)))
            for mark in marks]


def read_shifts(text: str) -> tuple[Event, ...]:
    """
    Read shifts that are in force from now on: `KIND VALUE [JOINT ...]`, with ';' between them.

    :raises ConfigError: a kind is unknown, or a value is no number within bounds.
    """
    return tuple(_read_shift(part.split()) for part in text.split(';') if part.strip())


def _read_shift(words: list[str]) -> Event:
    try:
        shift_kind(words[0])
        value = float(words[1])
    except (AbmError, IndexError, ValueError) as error:
        told = error if isinstance(error, AbmError) else 'expected KIND VALUE [JOINT ...]'
        raise ConfigError(f'shift {" ".join(words)!r}: {told}') from error
    joints = tuple(int(word) if word.lstrip('-').isdecimal() else word for word in words[2:])
    return Event(0, words[0], _READ.number(f'shift {words[0]}', value, -_MOST, _MOST),
                 joints=joints)


def load_script(text: str) -> LifeScript:
    """
    Read and check the script of a life.

    :raises ConfigError: an unknown key or kind, a value out of bounds, or steps in disorder.
    """
    table = _READ.load(text, ('body', 'steps', 'shifts'))
    body = table.get('body')
    if not isinstance(body, str) or not body:
        raise ConfigError(f'life.body: expected the name of a body, got {shown(body)}')
    steps = int(_READ.number('life.steps', table.get('steps'), 1, _MOST))
    raw = _READ.sequence('life.shifts', table.get('shifts'))
    events = tuple(_event(f'life.shifts[{i}]', item, steps) for i, item in enumerate(raw))
    return LifeScript(body, steps, tuple(sorted(events, key=lambda e: e.at)))


def _event(where: str, raw: Any, steps: int) -> Event:
    raw = _READ.mapping(where, raw, ('at', 'until', 'over', 'kind', 'value', 'joints'))
    kind = raw.get('kind')
    try:
        shift_kind(kind if isinstance(kind, str) else '')
    except AbmError as error:
        raise ConfigError(f'{where}.kind: {error}') from error
    at = int(_READ.number(f'{where}.at', raw.get('at'), 0, steps - 1))
    until = raw.get('until')
    if until is not None:
        until = int(_READ.number(f'{where}.until', until, at + 1, _MOST))
    joints = _READ.sequence(f'{where}.joints', raw.get('joints'))
    wrong = [j for j in joints if isinstance(j, bool) or not isinstance(j, str | int)]
    if wrong:
        raise ConfigError(f'{where}.joints: expected names or indices, got {shown(wrong[0])}')
    return Event(at, str(kind), _READ.number(f'{where}.value', raw.get('value'), -_MOST, _MOST),
                 until, int(_READ.number(f'{where}.over', raw.get('over', 0), 0, _MOST)),
                 tuple(joints))
