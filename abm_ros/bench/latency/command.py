"""Options, measuring and report of `abm bench latency`."""

import argparse
import tempfile
from pathlib import Path

from abm_ros.bench.common.figures import load_average, report
from abm_ros.bench.common.processes import Children, own_domain
from abm_ros.bench.latency.figures import conditions, summarise
from abm_ros.common.errors import GraphError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('--repeats', type=int, default=4, metavar='N',
                        help='blocks of idle and of training each (%(default)s)')
    parser.add_argument('--block', type=float, default=18.0, metavar='S',
                        help='seconds of one block (%(default)s)')
    parser.add_argument('--quick', action='store_true', help='a short block of each')
    parser.add_argument('--online', action='store_true',
                        help='train as in mode task, in rounds, not without a pause')
    parser.add_argument('--profile', action='store_true',
                        help='also time every hop; the extra readers disturb the figures')
    parser.add_argument('--domain', type=int, metavar='N', help='ROS domain (a free one)')


def run(arguments: argparse.Namespace) -> int:
    """Measure, print and write; return the exit code."""
    if arguments.repeats < 1 or arguments.block <= 0:
        raise GraphError(f'--repeats {arguments.repeats} --block {arguments.block:g}: expected '
                         'at least one block of more than 0 s')
    repeats, block_s = (1, 3.0) if arguments.quick else (arguments.repeats, arguments.block)
    with own_domain(arguments.domain) as domain, tempfile.TemporaryDirectory() as folder:
        # Here and not above: `abm --help` must not import ROS and a simulator.
        from abm_ros.bench.latency.run import LatencyRun
        load = load_average()
        with Children(Path(folder)) as children:
            bench = LatencyRun(children, Path(folder), arguments)
            blocks = bench.measure(conditions(repeats), block_s)
        figures = summarise(blocks)
    figures |= {'updates_per_s': bench.updates_per_s, 'domain': domain, 'load_before': load,
                'load_after': load_average()}
    report('abm bench latency', figures, arguments.json)
    return 0
