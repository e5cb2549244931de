"""Saves the readable steps of a damaged record into a new record (decision 0033)."""

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
from abm_ros.memory.record.worlds import keep_worlds


@dataclass(frozen=True)
class Salvaged:
    """How many steps were saved and how many are lost; `missing` is None when unknown."""

    steps: int
    missing: int | None
    damage: tuple[str, ...]


def salvage(path: Path, target: Path, progress: Callable[[int], None] = lambda _: None
            ) -> Salvaged:
    """
    Write the readable steps of a record into a new one; each keeps its id.

    The new record does not give ids or episode numbers that the damaged one gave.

    :param progress: called with the number of steps saved so far.
    :raises StoreError: the observation spec is lost, or the target exists or cannot be written.
    """
    if target.exists():
        raise StoreError(f'{target}: exists already; choose another file or move it away')
    with open_reader(path, 2.0, OLDEST) as reader:
        if reader.version == OLDEST:
            damage: list[str] = list(reader.damage)
            blocks = _old_blocks(reader, damage)
        else:
            damage = verify(reader).damage
            blocks = reader.recovered()
        steps, highest = _copy(blocks, target, reader, progress)
        return Salvaged(steps, _missing(reader, steps, highest), tuple(damage))


def _missing(reader: StoreReader, steps: int, highest: int) -> int | None:
    lost = max(0, reader.marked - highest)
    if reader.marked and steps == highest >= reader.marked:
        return 0                       # every id was found
    if reader.damage:
        return None                    # summaries may be older than the damaged log
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
    """Return the number of steps copied, and the highest id that the record is known to reach."""
    steps = 0
    with Store(target, source.spec, StoreConfig()) as store:
        for block in regrouped(blocks):
            with explained(target, 'write'), transaction(store.db):
                store.write_block(block)
            steps += len(block)
            progress(steps)
        with suppress(StoreError):
            keep_worlds(store, source.worlds)
        noted = None
        with suppress(StoreError):
            noted = source.noted()
        number, position = max(store.newest(), noted or (0, (-1, 0)))
        # The last steps may be lost, and with them an episode that nothing else names.
        store.go_on_behind(max(number, source.marked), position if number >= source.marked else
                           (position[0] + 1, 0))
    return steps, number
