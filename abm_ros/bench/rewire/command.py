"""Options, measuring and report of `abm bench rewire`."""

import argparse
import random
import tempfile
from pathlib import Path

from abm_ros.bench.common.figures import load_average, report
from abm_ros.bench.common.processes import Children, own_domain
from abm_ros.bench.rewire.figures import summarise
from abm_ros.common.errors import GraphError


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
        from abm_ros.bench.rewire.run import RewireRun
        load = load_average()
        with Children(Path(folder)) as children:
            measured = RewireRun(children, Path(folder), training=arguments.training).measure(
                repeats, random.Random(arguments.seed))
        figures = summarise(measured) | {
            'domain': domain, 'load_before': load, 'load_after': load_average()}
    report('abm bench rewire', figures, arguments.json)
    return 0
