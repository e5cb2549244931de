"""`abm audit`: read, explain, verify and export the audit log of System M."""

import argparse
import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from abm_ros.cli.folder import RUN_FOLDER
from abm_ros.common.errors import AuditError
from abm_ros.exchange.files import whole_file
from abm_ros.meta.audit.head import load_key
from abm_ros.meta.audit.log import records
from abm_ros.meta.audit.trail import check, differences, explain, find, summary

_NAME = 'audit.jsonl'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    commands = parser.add_subparsers(dest='audit', required=True, metavar='COMMAND')
    show = _command(commands, 'show', 'print the records, one line each')
    show.add_argument('--kind', default='', help='only records of this kind, e.g. mode')
    show.add_argument('--last', type=int, default=0, metavar='N', help='only the last N')
    why = _command(commands, 'explain', 'say why a decision was made and make it again')
    why.add_argument('number', type=int, metavar='N', help='number of the record')
    proof = _command(commands, 'verify', 'check the chain and make every decision again')
    proof.add_argument('--key', default='', metavar='FILE', help='key that signs the log')
    export = _command(commands, 'export', 'write the records as JSON lines or CSV')
    export.add_argument('file', type=Path, metavar='FILE', help='ends in .jsonl or .csv')


def _command(commands: 'argparse._SubParsersAction[argparse.ArgumentParser]', name: str,
             text: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.add_argument('--out', dest='log', type=Path, default=RUN_FOLDER, metavar='DIR',
                        help=f'the log, or the run folder that holds {_NAME} (%(default)s)')
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Run a subcommand; a damaged log gives an error of one line."""
    path: Path = arguments.log
    path = path / _NAME if path.is_dir() else path
    actions: dict[str, Callable[[Path, argparse.Namespace], int]] = {
        'show': _show, 'explain': _explain, 'verify': _verify, 'export': _export}
    return actions[arguments.audit](path, arguments)


def _show(path: Path, arguments: argparse.Namespace) -> int:
    lines = [summary(record) for record in records(path)
             if arguments.kind in ('', record['kind'])]
    for line in lines[-arguments.last if arguments.last > 0 else 0:]:
        _say(line)
    return 0


def _explain(path: Path, arguments: argparse.Namespace) -> int:
    step = find(path, arguments.number)
    for line in explain(step):
        _say(line)
    return 1 if step.is_decision and differences(step) else 0


def _verify(path: Path, arguments: argparse.Namespace) -> int:
    verdict = check(path, load_key(arguments.key))
    _say(f'{path}: {verdict.records} records, chain '
         + ('and signature sound' if arguments.key else 'sound')
         + f'; {verdict.decisions} decisions recomputed to the same answer')
    if verdict.crash:
        _say(f'{verdict.crash}: the writer crashed, or is writing now')
    if verdict.older:
        _say(f'{verdict.older} decisions are of an older format and cannot be recomputed')
    return 0


def _export(path: Path, arguments: argparse.Namespace) -> int:
    target: Path = arguments.file
    if target.suffix not in ('.jsonl', '.csv'):
        raise AuditError(f'{target}: expected a file that ends in .jsonl or .csv')
    if target.exists() and path.exists() and target.samefile(path):
        raise AuditError(f'{target} is the log itself: expected another file to export to')
    with (whole_file(target, overwrite=True) as part,
          open(part, 'w', encoding='utf-8', newline='') as file):
        count = _write(file, path, target.suffix)
    _say(f'{target}: {count} records')
    return 0


def _write(file: TextIO, path: Path, suffix: str) -> int:
    count = 0
    table = csv.writer(file)
    if suffix == '.csv':
        table.writerow(('seq', 'stamp_ns', 'kind', 'body', 'hash'))
    for record in records(path):
        count += 1
        if suffix == '.csv':
            table.writerow((record['seq'], record['stamp_ns'], record['kind'],
                            json.dumps(record['body'], sort_keys=True), record['hash']))
        else:
            file.write(json.dumps(record, sort_keys=True) + '\n')
    return count


def _say(line: str) -> None:
    sys.stdout.write(line + '\n')
