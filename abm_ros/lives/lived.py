"""What was lived: episodes, modes, harm, energy and work, and the figures made of them."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np


@dataclass
class Lived:
    """
    A life, or its beginning.

    `episodes` are (first step, last step, whether the goal was reached at any time of it); `modes`
    and `beliefs` are (step, mode) and (step, world) wherever they changed. `energy` is what was
    drawn from the battery, in full charges; `updates` counts those of both learners.
    """

    seed: int
    steps: int
    episodes: list[tuple[int, int, bool]] = field(default_factory=list)
    modes: list[tuple[int, str]] = field(default_factory=list)
    beliefs: list[tuple[int, int]] = field(default_factory=list)
    unsafe: int = 0           # commands out of limits, and beginnings of over-force
    refused: int = 0          # times that a rule refused what phi wanted
    energy: float = 0.0
    updates: int = 0
    busy_s: float = 0.0       # processor time
    failure: str = ''         # why it could not be lived

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> 'Lived':
        """Read what `to_json` wrote, and json made of it."""
        rows = ('episodes', 'modes', 'beliefs')
        return cls(**{**raw, **{name: [tuple(row) for row in raw[name]] for name in rows}})

    def success(self) -> np.ndarray:
        """Return for each step (T,) whether the goal of its episode was reached."""
        found = np.zeros(self.steps)
        for first, last, reached in self.episodes:
            found[first:last + 1] = reached
        return found

    @property
    def area(self) -> float:
        """The area under success: the share of the life in episodes that reached their goals."""
        return float(self.success().mean())

    def share_of(self, mode: str) -> float:
        """Return the share of the life that was spent in a mode."""
        ends = [step for step, _ in self.modes[1:]] + [self.steps]
        return sum(end - begin for (begin, name), end in zip(self.modes, ends, strict=True)
                   if name == mode) / max(self.steps, 1)


class Episodes:
    """Follows the episodes of a body, awake or asleep."""

    def __init__(self) -> None:
        self.over: list[tuple[int, int, bool]] = []
        self._episode, self._first, self._reached = -1, 0, False

    def take(self, number: int, episode: int, *, reached: bool, begins: bool) -> None:
        """
        Take the state of the body at a control step.

        :param number: of the control step.
        :param begins: it is the first state of its episode, in which no goal counts as reached.
        """
        if episode != self._episode:
            self.end(number - 1)
            self._episode, self._first, self._reached = episode, number, False
        self._reached = self._reached or (reached and not begins)

    def end(self, last: int) -> None:
        """End the episode under way with control step `last`."""
        if last >= self._first and self._episode >= 0:
            self.over.append((self._first, last, self._reached))
