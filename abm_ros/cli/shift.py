"""`abm shift`: break or mend a simulated body while it lives, and watch it learn again."""

import argparse
import os
import sys
from contextlib import suppress

from abm_ros.bodies.registry import BODIES
from abm_ros.bodies.shift.kinds import SHIFTS, shift_kind
from abm_ros.bodies.shift.script import read_shifts
from abm_ros.common import names
from abm_ros.common.errors import ConfigError, GraphError

_NONE = 'none'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `abm shift`."""
    kinds = '; '.join(f'{name}: {shift_kind(name).summary}' for name in SHIFTS.names())
    parser.add_argument('kind', metavar='KIND', help=f'{kinds}; {_NONE}: all is mended')
    parser.add_argument('value', metavar='VALUE', nargs='?', help='by how much')
    parser.add_argument('--joints', nargs='+', default=[], metavar='JOINT',
                        help='names or indices; all without it')
    parser.add_argument('--namespace', default='', help='prefix of all names')
    parser.add_argument('--timeout', type=float, default=5.0, metavar='S',
                        help='longest wait for an answer (%(default)s)')


def run(arguments: argparse.Namespace) -> int:
    """Shift the body beside what it was given before; exit code 1 when it did not take effect."""
    wanted = _wanted(arguments)
    known = _nodes()
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    # Not at the top: the ROS wheels restart Python once to set their library path.
    from abm_ros.ros.clients.operator import Operator
    with Operator(arguments.namespace, arguments.timeout) as operator:
        if len(bodies := operator.bodies(known)) != 1:
            raise GraphError(
                f'expected one simulated body, got {", ".join(bodies) or "none"} (looked for '
                f'{", ".join(sorted(known))}): a real robot cannot be shifted by software; of '
                'several graphs, choose one with --namespace')
        before = operator.shifts(bodies[0])
        both = [text for text in (before, wanted) if text] if wanted else []
        answers = operator.shift(bodies[0], '; '.join(both))
    for answer in answers:
        sys.stdout.write(f'{answer.who}: {answer.text}\n')
    return 0 if all(answer.success for answer in answers) else 1


def _nodes() -> set[str]:
    """Return the names of the nodes of bodies; entries that cannot be used are left out."""
    found = {names.BODY}
    for name in BODIES.names():
        with suppress(ConfigError):
            found.add(BODIES.get(name).node)
    return found


def _wanted(arguments: argparse.Namespace) -> str:
    """Return the shift as bodies read it, '' for none."""
    if arguments.kind == _NONE:
        if arguments.value is not None or arguments.joints:
            raise ConfigError(f"shift: expected nothing after '{_NONE}', which mends everything")
        return ''
    if arguments.value is None:
        raise ConfigError(f"shift: expected a value after '{arguments.kind}', e.g. "
                          "'abm shift gain -1'")
    text = ' '.join([arguments.kind, arguments.value, *arguments.joints])
    read_shifts(text)
    return text
