"""`abm export`: a learned policy for another program; memory has an export of its own."""

import argparse
import sys
from pathlib import Path

from abm_ros.cli.folder import RUN_FOLDER
from abm_ros.exchange.onnx_policy import export_policy


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('run', type=Path, nargs='?', default=RUN_FOLDER, metavar='RUN',
                        help='folder of the run, or its models/ (%(default)s)')
    parser.add_argument('--onnx', type=Path, required=True, metavar='DIR',
                        help='write encode.onnx, policy.onnx, spec.json and run.py here')


def run(arguments: argparse.Namespace) -> int:
    """Write the files."""
    models = arguments.run / 'models'
    for path in export_policy(models if models.is_dir() else arguments.run, arguments.onnx):
        sys.stdout.write(f'{path}\n')
    return 0
