"""`abm memory`: look after an episodic memory, and exchange it with other tools."""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from abm_ros.cli.folder import RUN_FOLDER
from abm_ros.common.errors import StoreError
from abm_ros.common.transition import PROVENANCES
from abm_ros.exchange.bag_options import BagOptions
from abm_ros.memory.forgetting import QuotaConfig, to_forget
from abm_ros.memory.record.compaction import Compactor, prune, vacuum
from abm_ros.memory.record.salvage import salvage
from abm_ros.memory.record.store import Store, StoreConfig, StoreReader
from abm_ros.memory.record.verify import verify

if TYPE_CHECKING:
    from abm_ros.exchange.importing import Source

FORMATS = ('mcap', 'lerobot')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest='action', required=True, metavar='ACTION')

    def action(name: str, text: str, handler: Callable[[argparse.Namespace], int]
               ) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=text, description=text)
        made.add_argument('--out', dest='memory', type=Path, default=RUN_FOLDER,
                          metavar='DIR',
                          help='the folder of a run, or the record itself (%(default)s)')
        made.set_defaults(handler=handler)
        return made

    info = action('info', 'what a record holds', _info)
    info.add_argument('--json', type=Path, metavar='FILE', help='write it here')
    action('verify', 'read everything and compare it with its checksums', _verify)
    export = action('export', 'write the record for other tools', _export)
    export.add_argument('target', type=Path, help='the bag or the folder to write')
    export.add_argument('--format', choices=FORMATS, required=True,
                        help='mcap: Foxglove, rosbag2, PlotJuggler; lerobot: LeRobotDataset v3')
    export.add_argument('--robot', default='unknown', help="LeRobot's robot_type (%(default)s)")
    _add_import(action('import', 'add what another record, or a bag of another robot, shows',
                       _import))
    forget = action('prune', 'forget the episodes that are worth least', _prune)
    forget.add_argument('--bytes', type=_whole, help='keep at most so many bytes of steps')
    forget.add_argument('--episodes', type=int, help='keep at most so many episodes')
    forget.add_argument('--dry-run', action='store_true', help='only say what would go')
    compact = action('compact', 'merge small chunks, give space back, bring an older record up '
                     'to date', _compact)
    compact.add_argument('--salvage', type=Path, metavar='FILE',
                         help='write what can be read of a damaged record to a new one instead')


def _add_import(parser: argparse.ArgumentParser) -> None:
    # Not required by argparse: --joints takes all the words that follow it, see `_sorted_out`.
    parser.add_argument('source', type=Path, nargs='?',
                        help='a bag (.mcap, or the folder of a rosbag2), or the folder of '
                        'an exported dataset')
    parser.add_argument('--provenance', choices=PROVENANCES,
                        help='of all that is imported (exports: as recorded; bags: teacher)')
    bag = parser.add_argument_group('bags of other robots')
    bag.add_argument('--joints', nargs='+', default=(), metavar='NAME',
                     help='in the order of the commands, with commas or spaces between (needed '
                     'unless these name their joints)')
    bag.add_argument('--urdf', type=Path, help='robot description (/robot_description)')
    bag.add_argument('--tool-link', default='', help="the tool's link (the last one)")
    bag.add_argument('--joint-topic', default='', help='(/joint_states)')
    bag.add_argument('--command-topic', default='', help='(the only one)')
    bag.add_argument('--interface', choices=('position', 'velocity', 'effort'),
                     default='position', help='what the commands are (%(default)s)')
    bag.add_argument('--period', type=float, metavar='S',
                     help='control period of a record that does not exist yet '
                          f'({BagOptions.period_s})')
    bag.add_argument('--tolerance', type=float,
                     help=f'goal tolerance of such a record ({BagOptions.tolerance})')


def _whole(text: str) -> int:
    """Return a whole number, which may be written as 1e9."""
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f'expected a number, got {text!r}') from None


def run(arguments: argparse.Namespace) -> int:
    """Run one action; return the exit code."""
    path = arguments.memory.expanduser()
    is_record = path.suffix == '.db' or path.is_file()
    arguments.memory = path if is_record else path / 'memory.db'
    code: int = arguments.handler(arguments)
    return code


def _info(arguments: argparse.Namespace) -> int:
    with Store.read(arguments.memory) as reader:
        told, damage = summary(reader), reader.damage
    table = Table('what', 'value', title=str(arguments.memory), show_header=False)
    for key, value in told.items():
        table.add_row(key.replace('_', ' '), '  '.join(f'{k} {v}' for k, v in value.items())
                      if isinstance(value, dict) else str(value))
    Console(highlight=False).print(table)
    for line in damage:
        print(f'damage: {line}')
    if arguments.json is not None:
        try:
            arguments.json.write_text(json.dumps(told, indent=2) + '\n', encoding='utf-8')
        except OSError as error:
            raise StoreError(f'{arguments.json}: cannot be written: {error.strerror}') from error
    return 1 if damage else 0


def summary(reader: StoreReader) -> dict[str, Any]:
    """Return what a record holds, for a table or JSON."""
    episodes, size = reader.episodes(), reader.size()
    totals = reader.totals()

    def count(what: str) -> dict[str, int]:
        values = [getattr(e, what) for e in episodes]
        return {value: values.count(value) for value in dict.fromkeys(values)}

    return {'steps': totals['steps'], 'transitions': totals['transitions'],
            'episodes': totals['episodes'], 'successes': sum(e.success for e in episodes),
            'modes': count('mode'), 'provenance': count('provenance'), 'runs': len(reader.runs()),
            'newest_step': reader.newest()[0], 'chunks': totals['chunks'],
            'bytes': size['used'], 'free_bytes': size['free'],
            'bytes_per_transition': round(size['used'] / max(1, totals['transitions']), 1),
            'observation': {f.name: 'x'.join(map(str, f.dims)) for f in reader.spec.fields},
            'actions': reader.spec.action_size, 'control_period_s': reader.spec.control_period_s}


def _verify(arguments: argparse.Namespace) -> int:
    with Store.read(arguments.memory) as reader, _bar('verify', _total(reader)) as progress:
        verdict = verify(reader, progress)
    for line in verdict.damage:
        print(f'damage: {line}')
    lost = ('how many steps are missing is not known' if verdict.missing is None else
            f'{verdict.missing} steps missing')
    print(f'{verdict.steps} steps, {verdict.transitions} transitions: '
          f'{"sound" if verdict.sound else f"damaged, {lost}"}')
    return 0 if verdict.sound else 1


def _export(arguments: argparse.Namespace) -> int:
    with Store.read(arguments.memory) as reader, _bar('export', _total(reader)) as progress:
        if arguments.format == 'mcap':
            from abm_ros.exchange.mcap_export import export_mcap
            done = f'{export_mcap(reader, arguments.target, progress)} messages'
        else:
            from abm_ros.exchange.lerobot import export_lerobot
            written = export_lerobot(reader, arguments.target, arguments.robot, progress)
            done = f'{written.episodes} episodes at {written.rate.fps:g} frames per second'
            if written.rate.words:
                done += f' ({written.rate.words})'
    print(f'{arguments.target}: {done}')
    return 0


def _sorted_out(joints: Sequence[str], source: Path | None) -> tuple[tuple[str, ...], Path]:
    """
    Return joints and source: the last word after `--joints` is the source where none else is.

    :raises StoreError: there is no source.
    """
    words = list(joints)
    if source is None:
        if not words:
            raise StoreError('nothing to import: name a bag or the folder of a dataset')
        source = Path(words.pop())
        if not source.exists():
            raise StoreError(f'{source}: no such file or folder; expected what is to be imported '
                             'as the last word, after the names of the joints')
    return tuple(name for word in words for name in word.split(',') if name), source


def _import(arguments: argparse.Namespace) -> int:
    from abm_ros.exchange.importing import read_source
    arguments.joints, arguments.source = _sorted_out(arguments.joints, arguments.source)
    source = read_source(arguments.source, arguments)
    spec, is_new = source.spec_for(arguments.memory), not arguments.memory.exists()
    arguments.memory.parent.mkdir(parents=True, exist_ok=True)
    try:
        with Store(arguments.memory, spec, StoreConfig(
                commit_count=1000, commit_age_s=60.0)) as store:
            steps, episodes = _add(store, source, arguments.provenance)
    except BaseException:
        if is_new:
            for end in ('', '-wal', '-shm'):
                Path(f'{arguments.memory}{end}').unlink(missing_ok=True)
        raise
    print(f'{arguments.memory}: {steps} steps in {episodes} episodes added')
    return 0


def _add(store: Store, source: 'Source', provenance: str | None) -> tuple[int, int]:
    before, first = store.acknowledged, store.next_episode
    with store.together(), _bar('import', None) as progress:
        for number, step in enumerate(source.steps(first), 1):
            store.append(step if provenance is None else replace(step, provenance=provenance))
            if store.poll():
                progress(number)
    return store.acknowledged - before, store.next_episode - first


def _prune(arguments: argparse.Namespace) -> int:
    limits = {'quota_bytes': arguments.bytes, 'quota_episodes': arguments.episodes}
    wanted = {key: value for key, value in limits.items() if value is not None}
    if not wanted:
        raise StoreError('nothing to do: give --bytes or --episodes')
    quota = QuotaConfig(**wanted)
    if arguments.dry_run:
        with Store.read(arguments.memory) as reader:
            episodes = reader.episodes()
        print(f'{len(to_forget(episodes, quota))} of {len(episodes)} episodes would go')
        return 0
    with Store(arguments.memory, None, StoreConfig()) as store:
        doomed = to_forget(store.episodes(), quota)
        gone = prune(store, doomed)
        vacuum(store)
    print(f'{arguments.memory}: {len(doomed)} episodes, {gone} steps forgotten')
    return 0


def _compact(arguments: argparse.Namespace) -> int:
    if arguments.salvage is not None:
        return _salvage(arguments)
    before = arguments.memory.stat().st_size if arguments.memory.exists() else 0
    began_s = time.monotonic()
    with Store(arguments.memory, None, StoreConfig()) as store:
        compactor = Compactor(store)
        while compactor.step():
            pass
        vacuum(store)
    after = arguments.memory.stat().st_size
    print(f'{arguments.memory}: {before} bytes before, {after} after '
          f'({time.monotonic() - began_s:.1f} s)')
    return 0


def _salvage(arguments: argparse.Namespace) -> int:
    with _bar('salvage', None) as progress:
        done = salvage(arguments.memory, arguments.salvage, progress)
    for line in done.damage:
        print(f'damage: {line}')
    lost = ('how many there were is not known' if done.missing is None else
            f'{done.missing} steps are lost' if done.missing else 'all that there were')
    print(f'{arguments.salvage}: {done.steps} steps saved, {lost}; to go on with it, move '
          f'{arguments.memory} with its -wal, -shm and .lock away first')
    return 1 if done.missing != 0 else 0


def _total(reader: StoreReader) -> int | None:
    """Return the number of steps, for a bar; None when damage hides it."""
    try:
        return reader.totals()['steps']
    except StoreError:
        return None


@contextmanager
def _bar(what: str, total: int | None) -> Any:
    """Show progress on a terminal; yields what takes the number done."""
    console = Console(stderr=True)
    with Progress(TextColumn(what), BarColumn(), TextColumn('{task.completed} steps'),
                  TimeRemainingColumn(), console=console, transient=True,
                  disable=not console.is_terminal) as shown:
        task = shown.add_task(what, total=total)
        yield lambda done: shown.update(task, completed=done)
