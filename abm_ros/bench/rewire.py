"""
`abm bench rewire`: rewiring the graph between modes, against bare lifecycle nodes.

The real nodes run beside the simulated arm, with models that they have just learned, and move
it wherever the mode lets them. The benchmark rewires them with System M's own engine, from a
thread beside the one that spins, as System M does, and sends its heartbeats. System M itself is
left out: its telemetry tells only of the newest rewiring, and neither its policy nor the fsync
of its audit log is part of one. The floor is the least that anybody could do to as many nodes:
deactivate, set a parameter, activate, all nodes in parallel between three barriers. Floor and
graph take turns in one process, so that both meet the same machine and the same client;
`floor_alone` is the same floor before the graph was started.
"""

import argparse
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from abm_ros.bench.common import (
    Children,
    load_average,
    own_domain,
    quantiles,
    ratio,
    report,
    spread,
)
from abm_ros.common.errors import GraphError


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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('--repeats', type=int, default=10, metavar='N',
                        help='times that every ordered pair of modes is measured (%(default)s)')
    parser.add_argument('--training', action='store_true',
                        help='let both learners train meanwhile; the bars are for idle ones')
    parser.add_argument('--quick', action='store_true', help='every pair once')
    parser.add_argument('--seed', type=int, default=0, help='of the order (%(default)s)')
    parser.add_argument('--domain', type=int, metavar='N', help='ROS domain (a free one)')


def run(arguments: argparse.Namespace) -> int:
    """Measure, print and write; return the exit code."""
    if arguments.repeats < 1:
        raise GraphError(f'--repeats: expected at least 1, got {arguments.repeats}')
    repeats = 1 if arguments.quick else arguments.repeats
    with own_domain(arguments.domain) as domain, tempfile.TemporaryDirectory() as folder:
        # Here and not above: `abm --help` must not import ROS.
        from abm_ros.bench.rewire_run import RewireRun
        load = load_average()
        with Children(Path(folder)) as children:
            measured = RewireRun(children, Path(folder), training=arguments.training).measure(
                repeats, random.Random(arguments.seed))
        figures = summarise(measured) | {
            'domain': domain, 'load_before': load, 'load_after': load_average()}
    report('abm bench rewire', figures, arguments.json)
    return 0


def tour(modes: Sequence[str], rng: random.Random) -> list[str]:
    """
    Return modes in an order that takes every ordered pair once, beginning and ending alike.

    An Eulerian circuit of the complete directed graph (Hierholzer 1873), edges drawn at random.
    """
    left = {mode: rng.sample([m for m in modes if m != mode], len(modes) - 1) for mode in modes}
    stack, circuit = [modes[0]], []
    while stack:
        if left[stack[-1]]:
            stack.append(left[stack[-1]].pop())
        else:
            circuit.append(stack.pop())
    return circuit[::-1]


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
