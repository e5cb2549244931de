"""The report of a run: what was learned, which modes there were, and whether it was safe."""

import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from abm_ros.common.errors import StoreError
from abm_ros.common.telemetry import MotorGateTelemetry, SystemMTelemetry
from abm_ros.common.telemetry_fields import known
from abm_ros.memory.record.store import Store
from abm_ros.meta.modes import Modes

_LAST = 20


def build_report(monitor: Any, watch: Any, startup_s: float, begin_s: float, ended_s: float,
                 memory: Path, baseline: int, modes: Modes) -> dict[str, Any]:
    """
    Put the report together.

    :param monitor: what was heard while the graph ran.
    :param begin_s: when all nodes were active, monotonic seconds.
    :param memory: the durable record of the run.
    :param modes: those that consolidate count as sleeps.
    """
    history = monitor.history
    before = _rate(history, 0, baseline)
    total = history[-1][1] if history else 0
    after = _rate(history, max(baseline, total - _LAST), total)
    first = next((t for t, episodes, _ in history if episodes >= baseline), ended_s)
    last = next((t for t, episodes, _ in history if episodes >= total - _LAST), begin_s)
    lived = [{'mode': mode, 't_s': round(max(0.0, t - begin_s), 3)}
             for mode, t in monitor.modes]
    return {
        'startup_s': round(startup_s, 3),
        'control_steps': int(known(monitor.told(MotorGateTelemetry).commands, 0.0)),
        'episodes': total,
        'success_before': before,
        'success_after': after,
        'model_error_before': _mean_error(monitor.errors, begin_s, first),
        'model_error_after': _mean_error(monitor.errors, max(last, first), ended_s),
        'modes': lived,
        'switches': max(0, len(lived) - 1),
        'sleeps': sum(m['mode'] in modes.consolidating for m in lived),
        'transitions_recorded': _recorded(memory, begin_s - startup_s),
        'commands': watch.commands,
        'unsafe_commands': watch.unsafe,
        'unsafe_findings': watch.findings,
        'baseline_episodes': baseline,
        'duration_s': round(ended_s - begin_s, 3),
        'degraded': int(known(monitor.told(SystemMTelemetry).degraded, 0.0)),
    }


def _rate(history: list[tuple[float, int, int]], start: int, stop: int) -> float | None:
    """Return the success rate of the episodes start..stop, None when there were none."""
    low = [(e, s) for _, e, s in history if e <= start]
    high = [(e, s) for _, e, s in history if e >= stop]
    if not high or stop <= start:
        return None
    e0, s0 = low[-1] if low else (0, 0)
    e1, s1 = high[0]
    return round((s1 - s0) / (e1 - e0), 4) if e1 > e0 else None


def _mean_error(errors: list[tuple[float, float]], start_s: float, stop_s: float
                ) -> float | None:
    values = [value for t, value in errors if start_s <= t <= stop_s]
    return round(float(np.median(values)), 4) if values else None


def _recorded(memory: Path, since_s: float) -> int:
    """Count the transitions in the durable record that were lived since a monotonic time."""
    since_ns = time.time_ns() - round((time.monotonic() - since_s) * 1e9)
    try:
        with Store.read(memory) as reader:
            # More than one where memory's process died and was started again.
            first = min((run.first_id for run in reader.runs() if run.started_ns >= since_ns),
                        default=None)
            if first is None:
                return 0
            return sum(int(block.acted.sum()) for block in reader.blocks(after=first - 1))
    except StoreError:
        return 0


def print_report(report: dict[str, Any], console: Console) -> None:
    """Print the report as a table."""
    table = Table(title='abm sim', show_header=False)
    for key, value in report.items():
        if key not in ('modes', 'unsafe_findings'):
            table.add_row(key, '-' if value is None else str(value))
    table.add_row('modes', ' '.join(f'{m["mode"]}@{m["t_s"]:.0f}s' for m in report['modes']))
    console.print(table)
