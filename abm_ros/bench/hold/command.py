"""Options, measuring and report of `abm bench hold`."""

import argparse
import random
import tempfile
from pathlib import Path

from abm_ros.bench.common.figures import load_average, report
from abm_ros.bench.common.processes import Children, own_domain
from abm_ros.bench.hold.figures import summarise
from abm_ros.common.errors import GraphError


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
        from abm_ros.bench.hold.run import measure
        load = load_average()
        with Children(Path(folder)) as children:
            held = measure(children, Path(folder), arguments.repeats,
                           random.Random(arguments.seed))
    figures = summarise(held) | {
        'domain': domain, 'load_before': load, 'load_after': load_average()}
    report('abm bench hold', figures, arguments.json)
    return 1 if figures['late'] else 0
