"""What a run of the hold benchmark gave, and its figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from abm_ros.bench.common.figures import quantiles

PERIOD_S = 0.05


@dataclass
class Held:
    """What one run gave, by the node that was asked; times in s since the call."""

    moved_s: dict[str, list[float]] = field(default_factory=dict)      # last command that moves
    answered_s: dict[str, list[float]] = field(default_factory=dict)
    floor_s: list[float] = field(default_factory=list)


def summarise(held: Held) -> dict[str, Any]:
    """Return the figures; `late` counts the holds that took longer than a control period."""
    figures: dict[str, Any] = {}
    for name, times in held.moved_s.items():
        figures[name] = _with_most(times)
        figures[f'{name}_answered'] = _with_most(held.answered_s[name])
    every: Sequence[float] = [s for times in held.moved_s.values() for s in times]
    return figures | {
        'floor': quantiles(held.floor_s), 'period_ms': PERIOD_S * 1e3, 'holds': len(every),
        'late': sum(s > PERIOD_S for s in every)}


def _with_most(times_s: Sequence[float]) -> Mapping[str, float]:
    return quantiles(times_s) | {'max_ms': round(max(times_s) * 1e3, 4)}
