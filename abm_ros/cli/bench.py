"""`abm bench`: every benchmark measures its floor in the same run."""

import argparse
import shlex
import sys
import time
from pathlib import Path

from abm_ros.bench.registry import BENCHES, Bench
from abm_ros.common.errors import AbmError, ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmarks."""
    benches = parser.add_subparsers(dest='bench', required=True, metavar='BENCH')
    for name in BENCHES.names():
        text = _summary(name).replace('%', '%%')
        bench = benches.add_parser(
            name, help=text, description=text,
            declare=lambda options, name=name: _bench(name).add_arguments(options))
        bench.add_argument('--json', type=Path, metavar='FILE', help=(
            'write the figures here, and beside them a picture (.png) and a page (.html)'))


def run(arguments: argparse.Namespace) -> int:
    """Run one benchmark, and write its page beside its figures."""
    since, file = float(int(time.time())), arguments.json    # file systems keep coarser times
    code = _bench(arguments.bench).run(arguments)
    if file is not None and file.is_file() and file.stat().st_mtime >= since:
        _write_page(file, since)
    return code


def _write_page(file: Path, since: float) -> None:
    from abm_ros.report.bench_page import write_bench_page
    try:
        page = write_bench_page(file, f'abm {shlex.join(sys.argv[1:])}', since)
        sys.stdout.write(f'page: {page}\n')
    except AbmError as error:
        sys.stderr.write(f'no page: {error}\n')    # the figures are written, and they count


def _bench(name: str) -> Bench:
    found = BENCHES.get(name)
    if not isinstance(found, Bench):
        raise ConfigError(f"{BENCHES.group}: '{name}' is {found!r}, expected a Bench")
    return found


def _summary(name: str) -> str:
    """Return the line of help; the bench of another package may be broken, ours work on."""
    try:
        return _bench(name).summary
    except AbmError as error:
        return f'cannot be used: {error}'
