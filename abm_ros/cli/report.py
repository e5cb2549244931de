"""`abm report`: pictures and a page of a run of `abm sim`."""

import argparse
import sys
from pathlib import Path

from abm_ros.cli.folder import RUN_FOLDER
from abm_ros.report.page import write_report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('run', type=Path, nargs='?', default=RUN_FOLDER, metavar='RUN',
                        help='folder of the run (%(default)s)')
    parser.add_argument('--life', type=int, metavar='N',
                        help='draw this run of the folder alone: 1 is the first, -1 the newest '
                        '(all, one after the other)')
    parser.add_argument('--out', type=Path, metavar='DIR',
                        help='where the page and the pictures go (RUN/report)')


def run(arguments: argparse.Namespace) -> int:
    """Write the report of a folder."""
    written = write_report(arguments.run, arguments.out or arguments.run / 'report',
                           arguments.life)
    for path in (written.page, *written.pictures):
        sys.stdout.write(f'{path}\n')
    return 0
