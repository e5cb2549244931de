"""
`abm bench hold`: from the operator's call to the last command that moves.

The whole graph runs with the simulated arm, in task, both learners training. Holds are asked of
the motor gate and of System M in turn, at random moments of the control period, by a node that
was matched before. Commands are told apart by their label: a hold is published, but moves
nothing. The floor is the least that any call can take: the answer of a bare lifecycle node to
get_state, in turns with the holds.
"""

import argparse
import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from abm_ros.bench.common import Children, load_average, own_domain, quantiles, report
from abm_ros.common.errors import GraphError

PERIOD_S = 0.05


@dataclass
class Held:
    """What one run gave, by the node that was asked; times in s since the call."""

    moved_s: dict[str, list[float]] = field(default_factory=dict)      # last command that moves
    answered_s: dict[str, list[float]] = field(default_factory=dict)
    floor_s: list[float] = field(default_factory=list)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('--repeats', type=int, default=30, metavar='N',
                        help='holds asked of each node (%(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='of the moments (%(default)s)')
    parser.add_argument('--domain', type=int, metavar='N', help='ROS domain (a free one)')


def run(arguments: argparse.Namespace) -> int:
    """Measure, print and write; return the exit code: 1 when a hold came too late."""
    if arguments.repeats < 1:
        raise GraphError(f'--repeats: expected at least 1, got {arguments.repeats}')
    with own_domain(arguments.domain) as domain, tempfile.TemporaryDirectory() as folder:
        # Here and not above: `abm --help` must not import ROS.
        from abm_ros.bench.hold_run import measure
        load = load_average()
        with Children(Path(folder)) as children:
            held = measure(children, Path(folder), arguments.repeats,
                           random.Random(arguments.seed))
    figures = summarise(held) | {
        'domain': domain, 'load_before': load, 'load_after': load_average()}
    report('abm bench hold', figures, arguments.json)
    return 1 if figures['late'] else 0


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
