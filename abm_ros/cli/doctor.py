"""`abm doctor`: what is wrong with a graph, and how to mend it."""

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

_PACKAGES = ('ros-rclpy', 'numpy', 'onnxruntime', 'torch', 'pybullet', 'gymnasium')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('--namespace', default='', help='prefix of all names')
    parser.add_argument('--listen', type=float, default=4.0, metavar='S',
                        help='how long to listen to the graph (%(default)s)')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the findings here')


def run(arguments: argparse.Namespace) -> int:
    """Look at the graph; exit code 1 if anything was found."""
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    # Not at the top: the ROS wheels restart Python once to set their library path.
    from abm_ros.doctor.checks import CHECKS, examine, possible
    from abm_ros.doctor.look import take_snapshot
    snapshot = take_snapshot(arguments.namespace, arguments.listen)
    found, looked_at = examine(snapshot), possible(snapshot)
    wrong = {finding.check for finding in found}
    for name, check in CHECKS.items():
        meaning = (check.__doc__ or '').strip().rstrip('.')
        mark = '!!' if name in wrong else 'ok' if name in looked_at else '--'
        sys.stdout.write(f'{mark}  {name:12s} {meaning}\n')
        for finding in found:
            if finding.check == name:
                sys.stdout.write(f'      {finding.what}\n      fix: {finding.fix}\n')
    versions = machine()
    sys.stdout.write('    ' + ', '.join(f'{name} {text}' for name, text in versions.items())
                     + '\n')
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(
            {'findings': [asdict(finding) for finding in found], 'machine': versions},
            indent=2) + '\n')
    return 1 if found else 0


def machine() -> dict[str, str]:
    """Return the versions of what the graph needs, and what computes."""
    found = {'python': platform.python_version(), 'cores': str(os.cpu_count()),
             'gpu': 'NVIDIA' if shutil.which('nvidia-smi') else 'none'}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = 'not by pip'
    return found
