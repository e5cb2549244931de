"""`abm`: the command line."""

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Any

from abm_ros.common.errors import AbmError, BodyFailure

COMMANDS = {'sim': 'run the graph on a simulated body and report',
            'dashboard': 'show System M in a window: signals, mode, live wiring, operator buttons',
            'markers': 'show goal, tool, plan and imagined path to RViz',
            'intervene': 'hold, release, pin or veto: the operator decides',
            'teach': 'give a robot what a teacher recorded',
            'shift': 'break or mend a simulated body while it lives',
            'plan': 'show what is imagined for a goal beside what is executed',
            'export': 'write the learned policy as ONNX, with a runner that needs no ROS',
            'report': 'draw a run: pictures and one page that needs no other file',
            'doctor': 'say what is wrong with a running graph, and how to mend it',
            'audit': 'read, explain and verify what System M decided',
            'memory': 'look after an episodic memory; exchange it with other tools',
            'evolve': 'let whole lives write phi and the settings that a life begins with',
            'bench': 'measure the graph or the agent against a floor'}

Declare = Callable[[argparse.ArgumentParser], None]


class LazyParser(argparse.ArgumentParser):
    """
    Asks a command for its options when that command is given.

    An operator's `abm intervene hold` must not wait for the imports of every other command.
    """

    def __init__(self, *args: Any, declare: Declare | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._declare = declare

    def parse_known_args(self, args: Sequence[str] | None = None,       # type: ignore[override]
                         namespace: Any = None) -> tuple[Any, list[str]]:
        """Parse, with the options of the command."""
        declare, self._declare = self._declare, None
        if declare is not None:
            declare(self)
        return super().parse_known_args(args, namespace)


def main(argv: list[str] | None = None) -> int:
    """
    Run a subcommand; an error is one line on stderr.

    :return: 2 for a refused setting or input, 1 for a body that failed while it ran.
    """
    try:
        arguments = make_parser().parse_args(argv)
        code: int = _module(arguments.command).run(arguments)
        return code
    except AbmError as error:
        sys.stderr.write(f'error: {error}\n')
        return 1 if isinstance(error, BodyFailure) else 2
    except KeyboardInterrupt:
        return 130


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = LazyParser(
        prog='abm', description='A robot that manages its own learning: Systems A, B and M.')
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    for name, text in COMMANDS.items():
        commands.add_parser(
            name, help=text, description=text,
            declare=lambda options, name=name: _module(name).add_arguments(options))
    return parser


def _module(command: str) -> Any:
    return importlib.import_module(f'abm_ros.cli.{command}')


if __name__ == '__main__':
    sys.exit(main())
