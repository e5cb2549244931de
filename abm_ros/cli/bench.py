"""`abm bench`: every benchmark measures its floor in the same run."""

import argparse
import importlib
from pathlib import Path

BENCHES = {'latency': 'joint state in to command out, against a chain of bare relays',
           'learn': 'environment steps until a task is learned, against SAC or TQC with HER',
           'noisy-tv': 'time in play beside a television, against raw prediction error as drive',
           'memory': 'the durable record and its index in RAM, against a bare sqlite3 loop',
           'forgetting': 'an old skill after a new one, against first in, first out',
           'replay': 'training on batches from the graph, against training in one process',
           'hold': "from the operator's hold to the last command, against a bare answer",
           'rewire': 'rewiring between modes, against bare lifecycle nodes'}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmarks."""
    benches = parser.add_subparsers(dest='bench', required=True, metavar='BENCH')
    for name, text in BENCHES.items():
        bench = benches.add_parser(name, help=text, description=text, module=_module(name))
        bench.add_argument('--json', type=Path, metavar='FILE', help='write the figures here')


def run(arguments: argparse.Namespace) -> int:
    """Run one benchmark."""
    code: int = importlib.import_module(_module(arguments.bench)).run(arguments)
    return code


def _module(name: str) -> str:
    return f"abm_ros.bench.{name.replace('-', '_')}"
