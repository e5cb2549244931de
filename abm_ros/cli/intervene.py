"""`abm intervene`: the operator holds, releases, pins and vetoes, with System M alive or dead."""

import argparse
import os
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    parser.add_argument('--namespace', default='', help='prefix of all names')
    parser.add_argument('--timeout', type=float, default=5.0, metavar='S',
                        help='longest wait for an answer (%(default)s)')
    commands = parser.add_subparsers(dest='intervene', required=True, metavar='COMMAND')
    for name, text in (
            ('hold', 'shut the motors until release; asks the motor gate and System M'),
            ('release', 'let System M decide again'),
            ('status', 'say who holds, what is pinned and vetoed, and the mode')):
        commands.add_parser(name, help=text, description=text)
    pin = commands.add_parser('pin', help='keep to one mode', description='keep to one mode')
    pin.add_argument('mode', help="a mode of the graph's wiring table; none lets phi decide")
    veto = commands.add_parser('veto', help='forbid modes', description='forbid modes')
    veto.add_argument('modes', nargs='+', metavar='mode',
                      help='the modes that are vetoed from now on; none allows all')


def run(arguments: argparse.Namespace) -> int:
    """Run one intervention; exit code 1 when it did not take effect."""
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    # Not at the top: the ROS wheels restart Python once to set their library path.
    from abm_ros.ros.clients.operator import Operator
    with Operator(arguments.namespace, arguments.timeout) as operator:
        if arguments.intervene in ('hold', 'release'):
            answers = operator.trigger(arguments.intervene)
        elif arguments.intervene == 'pin':
            answers = operator.pin(arguments.mode if arguments.mode != 'none' else '')
        elif arguments.intervene == 'veto':
            answers = operator.veto([m for m in arguments.modes if m != 'none'])
        else:
            answers = operator.status()
    for answer in answers:
        sys.stdout.write(f'{answer.who}: {answer.text}\n')
    return 0 if _took_effect(arguments.intervene, {a.who: a.success for a in answers}) else 1


def _took_effect(what: str, success: dict[str, bool]) -> bool:
    """Tell whether it took effect: holding needs the motor gate alone, the rest all asked."""
    return success.get('motor_gate', False) if what == 'hold' else all(success.values())
