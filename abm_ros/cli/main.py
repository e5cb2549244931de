"""`abm`: the command line."""

import argparse
import sys

from abm_ros.core.errors import AbmError


def main(argv: list[str] | None = None) -> int:
    """Run a subcommand; a refused setting or input is one line on stderr and exit code 2."""
    parser = argparse.ArgumentParser(
        prog='abm', description='A robot that manages its own learning: Systems A, B and M.')
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    from abm_ros.cli import audit, bench, intervene, memory, sim
    modules = {
        'sim': (sim, 'run the graph on a simulated body and report'),
        'intervene': (intervene, 'hold, release, pin or veto: the operator decides'),
        'audit': (audit, 'read, explain and verify what System M decided'),
        'memory': (memory, 'look after an episodic memory; exchange it with other tools'),
        'bench': (bench, 'measure the graph or the agent against a floor')}
    for name, (module, text) in modules.items():
        module.add_arguments(commands.add_parser(name, help=text, description=text))
    arguments = parser.parse_args(argv)
    try:
        code: int = modules[arguments.command][0].run(arguments)
        return code
    except AbmError as error:
        sys.stderr.write(f'error: {error}\n')
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == '__main__':
    sys.exit(main())
