"""Options, measuring and report of `abm bench replay`."""

import argparse
import tempfile
from pathlib import Path

from rich.console import Console

from abm_ros.bench.common.figures import load_average, report
from abm_ros.bench.common.processes import Children, own_domain
from abm_ros.bench.common.records import fill
from abm_ros.bench.replay.figures import summarise
from abm_ros.common.errors import GraphError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('--repeats', type=int, default=5, metavar='N',
                        help='turns of graph and process (%(default)s)')
    parser.add_argument('--block', type=float, default=10.0, metavar='S',
                        help='seconds of one turn of one side (%(default)s)')
    parser.add_argument('--transitions', type=int, default=50_000, metavar='N',
                        help='in the record that is replayed (%(default)s)')
    parser.add_argument('--quick', action='store_true', help='2 short turns')
    parser.add_argument('--seed', type=int, default=0, help='(%(default)s)')
    parser.add_argument('--domain', type=int, metavar='N', help='ROS domain (a free one)')


def run(arguments: argparse.Namespace) -> int:
    """Measure, print and write; return the exit code: 1 when a batch was lost."""
    repeats, block_s = (2, 3.0) if arguments.quick else (arguments.repeats, arguments.block)
    if repeats < 1 or block_s <= 0 or arguments.transitions < 1000:
        raise GraphError('--repeats, --block and --transitions: expected at least one turn of '
                         f'more than 0 s from 1000 transitions, got {repeats}, {block_s:g} and '
                         f'{arguments.transitions}')
    with own_domain(arguments.domain) as domain, tempfile.TemporaryDirectory() as folder:
        # Here and not above: `abm --help` must not import ROS.
        from abm_ros.bench.replay.run import ReplayRun
        fill(Path(folder) / 'memory.db', arguments.transitions, 1000, arguments.seed)
        with Children(Path(folder)) as children:
            console = Console(stderr=True, highlight=False)
            turns, lost = ReplayRun(children, Path(folder), arguments.seed, console).measure(
                repeats, block_s)
    figures = summarise(turns, lost) | {'domain': domain, 'load_after': load_average()}
    report('abm bench replay', figures, arguments.json)
    return 1 if lost else 0
