"""Options, measuring and report of `abm bench memory`."""

import argparse
import tempfile
from pathlib import Path

from rich.console import Console

from abm_ros.bench.common.figures import load_average, report
from abm_ros.bench.memory.run import measure_append, measure_index, measure_kills
from abm_ros.common.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('--records', type=int, default=50_000, metavar='N',
                        help='steps written by each side in each repeat (%(default)s)')
    parser.add_argument('--transitions', type=int, default=1_000_000, metavar='N',
                        help='in the record that is opened and sampled (%(default)s)')
    parser.add_argument('--repeats', type=int, default=5, metavar='N',
                        help='turns of floor and record (%(default)s)')
    parser.add_argument('--kills', type=int, default=0, metavar='N',
                        help='also kill -9 a recording process so often, and verify each time')
    parser.add_argument('--folder', type=Path, metavar='DIR',
                        help='where to write (a temporary folder); the disk decides the figures')
    parser.add_argument('--seed', type=int, default=0, help='(%(default)s)')


def run(arguments: argparse.Namespace) -> int:
    """Measure, print and write; return the exit code: 1 when something acknowledged was lost."""
    if min(arguments.records, arguments.transitions, arguments.repeats) < 1:
        raise ConfigError('--records, --transitions and --repeats: expected at least 1')
    console = Console(stderr=True, highlight=False)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        figures = measure_append(Path(folder), arguments, console)
        figures |= measure_index(Path(folder), arguments, console)
        if arguments.kills:
            figures |= measure_kills(Path(folder), arguments, console)
    figures |= {'load_after': load_average()}
    report('abm bench memory', figures, arguments.json)
    return 1 if figures.get('lost') or figures.get('unsound') else 0
