"""What a run of the rewiring benchmark gave, and its figures."""

from dataclasses import dataclass, field
from typing import Any

from abm_ros.bench.common.figures import quantiles, ratio, spread


@dataclass(frozen=True)
class Switch:
    """One rewiring; times in s, NaN where it failed or where the gate was shut already."""

    before: str
    after: str
    gate_shut_s: float
    full_s: float
    floor_s: float
    retries: int = 0
    failure: str = ''


@dataclass
class Measured:
    """What one run gave."""

    switches: list[Switch] = field(default_factory=list)
    floor_alone_s: list[float] = field(default_factory=list)


def summarise(measured: Measured) -> dict[str, Any]:
    """Return the figures of all switches, pooled and per pair; failures are counted apart."""
    done = [s for s in measured.switches if not s.failure]
    failed = [s for s in measured.switches if s.failure]
    figures: dict[str, Any] = {
        # Where the gate was shut before, there was nothing to shut.
        'gate_shut': quantiles([s.gate_shut_s for s in done if s.gate_shut_s == s.gate_shut_s]),
        'full': quantiles([s.full_s for s in done]),
        'floor': quantiles([s.floor_s for s in done]),
        'floor_alone': quantiles(measured.floor_alone_s)}
    figures['ratio_p50'] = ratio(figures['full'], figures['floor'], 'p50_ms')
    figures['ratio_p50_alone'] = ratio(figures['full'], figures['floor_alone'], 'p50_ms')
    figures['ratio'] = spread([s.full_s / s.floor_s for s in done])
    figures |= {'switches': len(done), 'failures': len(failed),
                'retries': sum(s.retries for s in done)}
    figures['pairs'] = {
        f'{before}->{after}': quantiles(
            [s.full_s for s in done if (s.before, s.after) == (before, after)])
        for before, after in sorted({(s.before, s.after) for s in done})}
    figures['failure_reasons'] = sorted({s.failure for s in failed})
    return figures
