"""What is left of a damaged durable record, saved into a new one."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from abm_ros.common.errors import StoreError
from abm_ros.memory.record.blocks import StepBlock
from abm_ros.memory.record.compaction import regrouped
from abm_ros.memory.record.file_format import explained, transaction
from abm_ros.memory.record.migrate import OLDEST, blocks_of_1
from abm_ros.memory.record.opening import open_reader
from abm_ros.memory.record.reader import StoreReader
from abm_ros.memory.record.store import Store, StoreConfig
from abm_ros.memory.record.verify import verify


@dataclass(frozen=True)
class Salvaged:
    """What was saved; `missing` steps are known to have been there, None when nothing tells."""

    steps: int
    missing: int | None
    damage: tuple[str, ...]


def salvage(path: Path, target: Path, progress: Callable[[int], None] = lambda _: None
            ) -> Salvaged:
    """
    Write what can be read of a record into a new one, each step with the id that it had.

    Ids and episode numbers that the damaged one has given are not given again by the new one.

    :param progress: is told the number of steps saved so far.
    :raises StoreError: nothing tells what its steps are of, or the target exists or cannot be
        written.
    """
    if target.exists():
        raise StoreError(f'{target}: exists already; choose another file or move it away')
    with open_reader(path, 2.0, OLDEST) as reader:
        if reader.version == OLDEST:
            damage: list[str] = list(reader.damage)
            blocks = _old_blocks(reader, damage)
        else:
            damage = verify(reader).damage
            blocks = reader.carved()
        steps, highest = _copy(blocks, target, reader, progress)
        return Salvaged(steps, _missing(reader, steps, highest), tuple(damage))


def _missing(reader: StoreReader, steps: int, highest: int) -> int | None:
    lost = max(0, reader.marked - highest)
    if reader.marked and steps == highest >= reader.marked:
        return 0                       # one for each id
    if reader.damage:
        return None                    # where the log is damaged, summaries are of before it
    try:
        promised = (reader.promised() if reader.version > OLDEST else
                    int(reader.query('SELECT COUNT(*) FROM steps')[0][0]))
    except StoreError:
        return None
    return max(promised - steps, lost)


def _old_blocks(reader: StoreReader, damage: list[str]) -> Iterator[StepBlock]:
    try:
        with explained(reader.path, 'read'):
            yield from blocks_of_1(reader.path, reader.db, reader.spec,
                                   lambda error: damage.append(str(error)))
    except StoreError as error:
        damage.append(str(error))


def _copy(blocks: Iterator[StepBlock], target: Path, source: StoreReader,
          progress: Callable[[int], None]) -> tuple[int, int]:
    """Return the number of steps copied and the id up to which it is known what became of them."""
    steps = 0
    with Store(target, source.spec, StoreConfig()) as store:
        for block in regrouped(blocks):
            with explained(target, 'write'), transaction(store.db):
                store.write_block(block)
            steps += len(block)
            progress(steps)
        noted = None
        with suppress(StoreError):
            noted = source.noted()
        number, position = max(store.newest(), noted or (0, (-1, 0)))
        # What came last may be among what is lost, also an episode that nothing names.
        store.go_on_behind(max(number, source.marked), position if number >= source.marked else
                           (position[0] + 1, 0))
    return steps, number
