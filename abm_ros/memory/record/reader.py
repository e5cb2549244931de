"""Reading the durable record, by its writer or by another process."""

import sqlite3
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from abm_ros.common.errors import StoreBusyError, StoreError
from abm_ros.common.packing import Packing
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Step
from abm_ros.memory.record.blocks import StepBlock, checksum, decode_block
from abm_ros.memory.record.episodes import SELECT_EPISODES, EpisodeRecord, record_of
from abm_ros.memory.record.file_format import (
    SALVAGE,
    SELECT_CHUNK,
    SELECT_CHUNKS,
    RecordHeader,
    explained,
    misfit,
    noted_newest,
)
from abm_ros.memory.record.page_recovery import PageRecovery, Row

_CHUNKS = 16
_BEHIND = f'{SELECT_CHUNK} WHERE first_id > ? ORDER BY first_id LIMIT ?'
OnDamage = Callable[[StoreError], None]


@dataclass(frozen=True)
class RunRecord:
    """A process that wrote to the record; its steps begin at `first_id`."""

    run: int
    first_id: int
    started_ns: int


class StoreReader:
    """Reads the committed steps, the summaries of episodes and the runs."""

    def __init__(self, path: Path, db: sqlite3.Connection, head: RecordHeader,
                 marked: int) -> None:
        self.path = path
        self.version = head.version
        self.spec = head.spec
        self.packing = Packing(head.spec)
        # Damage to its header, and the last acknowledged id that the lock file notes.
        self.damage, self.marked = head.damage, marked
        # Only for modules of this folder.
        self.db = db

    def misfit(self, spec: ObservationSpec) -> StoreError | None:
        """Return why the record cannot take the observations of a body, None where it can."""
        return misfit(self.path, self.spec, spec)

    def blocks(self, after: int = 0, damaged: OnDamage | None = None) -> Iterator[StepBlock]:
        """
        Iterate over the committed steps in the order lived, one chunk at a time.

        :param after: skip the steps up to this id.
        :param damaged: called with the error of each unreadable chunk, which is left out; None
            raises it.
        :raises StoreError: naming the chunk whose checksum is wrong.
        """
        for row in self._rows(after, damaged):
            try:
                block = self.decode(row)
            except StoreError as error:
                if damaged is None:
                    raise
                damaged(error)
                continue
            if row[0] <= after:
                block = block.take(block.id > after)
            if len(block):
                after = int(block.id[-1])
                yield block

    def steps(self, after: int = 0, damaged: OnDamage | None = None) -> Iterator[Step]:
        """Iterate over the committed steps in the order lived; as `blocks`."""
        for block in self.blocks(after, damaged):
            yield from block.steps(self.spec, self.packing)

    def decode(self, row: Row) -> StepBlock:
        """
        Return the steps of a chunk.

        :raises StoreError: naming the chunk, when it is damaged.
        """
        first, last, steps, _, data = row
        try:
            if not is_whole(row):
                raise ValueError('wrong checksum')
            block = decode_block(data, self.spec, self.packing)
            if len(block) != steps or block.id[0] != first or block.id[-1] != last:
                raise ValueError('its steps are not those that its row names')
        except (TypeError, ValueError) as error:
            raise StoreError(
                f'{self.path}: the chunk of steps {first} to {last} is damaged: {error}; '
                f'{SALVAGE}') from error
        return block

    def all_blocks(self) -> Iterator[StepBlock]:
        """
        Iterate over all committed steps as of one moment; raise if any is missing.

        :raises StoreError: a chunk or the header is damaged, or acknowledged steps are missing.
        """
        if self.damage:
            raise StoreError(self.damage[0])
        with self.snapshot():
            steps, last = 0, (self.noted() or (0,))[0]
            for block in self.blocks():
                steps, last = steps + len(block), max(last, int(block.id[-1]))
                yield block
            missing = max(self.promised() - steps, self.marked - last)
        if missing > 0:
            raise StoreError(f'{self.path}: {missing} steps cannot be read; {SALVAGE}')

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read the record as of one moment while a writer goes on; its log grows meanwhile."""
        self.query('BEGIN')
        try:
            yield
        finally:
            with suppress(sqlite3.Error):
                self.db.execute('ROLLBACK')

    def promised(self) -> int:
        """Return the number of steps by the summaries of episodes; raises as `episodes`."""
        return sum(record.steps for record in self.episodes())

    def recovered(self) -> Iterator[StepBlock]:
        """Iterate over the steps of all sound chunks, also those that SQLite cannot find."""
        for row in PageRecovery(self.path).rows():
            with suppress(StoreError):
                yield self.decode(row)

    def episodes(self, damaged: OnDamage | None = None) -> list[EpisodeRecord]:
        """
        Return a summary of every episode, in the order lived.

        :param damaged: called with the error of each damaged summary, which is left out; None
            raises it.
        :raises StoreError: naming the episode.
        """
        size, found = self.packing.number_size + 2 * self.spec.goal_size, []
        for row in self.query(SELECT_EPISODES):
            try:
                found.append(record_of(row, size))
            except ValueError as error:
                told = StoreError(f'{self.path}: the summary of episode {row[0]} is damaged: '
                                  f'{error}; {SALVAGE}')
                if damaged is None:
                    raise told from error
                damaged(told)
        return found

    def runs(self) -> list[RunRecord]:
        """Return the runs that wrote to this record, in order."""
        return [RunRecord(*row) for row in
                self.query('SELECT run, first_id, started_ns FROM runs ORDER BY run')]

    def totals(self) -> dict[str, int]:
        """Return the numbers of `chunks`, `steps`, `transitions` and `episodes`."""
        chunks = self.query('SELECT COUNT(*), COALESCE(SUM(steps), 0) FROM chunks')[0]
        episodes = self.query(
            'SELECT COALESCE(SUM(transitions), 0), COUNT(*) FROM episodes')[0]
        return dict(zip(('chunks', 'steps', 'transitions', 'episodes'), (*chunks, *episodes),
                        strict=True))

    def size(self) -> dict[str, int]:
        """Return how many bytes of the database are `used` and `free`."""
        page, pages, free = (int(self.query(f'PRAGMA {name}')[0][0])
                             for name in ('page_size', 'page_count', 'freelist_count'))
        return {'used': page * (pages - free), 'free': page * free}

    def noted(self) -> tuple[int, tuple[int, int]] | None:
        """Return what pruning noted of `newest`; None if the note is damaged."""
        return noted_newest(self.meta('newest', '0 -1 0'))

    def newest(self) -> tuple[int, tuple[int, int]]:
        """
        Return the highest id ever given, and the last episode and index.

        If the last chunk or the note is damaged, the numbers returned are higher than needed, so
        that no id is given twice.
        """
        noted = self.noted()
        number, position = noted or (0, (-1, 0))
        rows = self.query(f'{SELECT_CHUNK} ORDER BY first_id DESC LIMIT 1')
        try:
            blocks = [self.decode(row) for row in rows]
        except StoreError:
            noted, blocks = None, []
        for block in blocks:
            last = int(block.id[-1]), (int(block.episode[-1]), int(block.index[-1]))
            number, position = max((number, position), last)
        if noted is None:
            ids, episodes = zip(*self.query(
                'SELECT first_id, -1 FROM chunks UNION ALL SELECT last_id, episode FROM episodes '
                'UNION ALL SELECT first_id - 1, -1 FROM runs'), strict=True)
            number = max(number, self.marked, *_integers(ids))
            # The damage may hide one more episode after the last known one.
            position = max(position[0], *_integers(episodes)) + 1, 0
        return number, position

    @property
    def next_episode(self) -> int:
        """The first free episode number of this life."""
        return self.newest()[1][0] + 1

    @property
    def worlds(self) -> str:
        """What actions do in each world: JSON, by the world's number."""
        return self.meta('worlds', '{}')

    def close(self) -> None:
        """Release the file."""
        self.db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def query(self, sql: str, *values: Any) -> list[Any]:
        """Run a statement and return its rows; raises StoreError."""
        with explained(self.path, 'read'):
            return self.db.execute(sql, values).fetchall()

    def meta(self, key: str, default: str) -> str:
        """Return the value of a key of table `meta`."""
        found = self.query('SELECT value FROM meta WHERE key = ?', key)
        return str(found[0][0]) if found else default

    def _rows(self, after: int, damaged: OnDamage | None) -> Iterator[Row]:
        """Yield the rows of `chunks`; with `damaged`, recover those that SQLite cannot read."""
        sql, place, seen, end = SELECT_CHUNKS, after + 1, 0, 0
        while True:
            try:
                rows, end = self._next_rows(sql, place, seen, end)
            except StoreBusyError:
                raise
            except StoreError as error:
                if damaged is None:
                    raise
                damaged(error)
                yield from PageRecovery(self.path).rows(after)
                return
            yield from rows
            if rows:
                seen = rows[-1][0]
                # By id, since the next chunks may be merged meanwhile; by row after damage.
                sql, place = _BEHIND, seen
                if is_whole(rows[-1]):
                    after = rows[-1][1]
                    sql, place = SELECT_CHUNKS, after + 1
            elif end <= seen:
                return

    def _next_rows(self, sql: str, place: int, seen: int, end: int) -> tuple[list[Row], int]:
        """
        Return the next few rows after `seen` (none at the end), and the id of the last row.

        Only a few, since a long read would keep the log from being checkpointed.

        :param end: the id returned by the last call that found no row, 0 otherwise.
        :raises StoreError: a damaged page gives rows out of order or hides the rows after it.
        """
        rows: list[Row] = [row for row in self.query(sql, place, _CHUNKS) if row[0] != seen]
        if rows and all(a[0] < b[0] for a, b in pairwise(rows)):
            return rows, 0
        highest = self.query('SELECT COALESCE(MAX(first_id), 0) FROM chunks')[0][0]
        # A writer may append between two queries.
        if rows or (highest > seen and highest == end):
            raise StoreError(f'{self.path}: the table of chunks is damaged after step {seen}; '
                             f'{SALVAGE}')
        return [], highest


def is_whole(row: Row) -> bool:
    """Return whether the checksum of a row of `chunks` is right."""
    first, last, _, crc, data = row
    try:
        return checksum(first, last, data) == crc
    except (TypeError, struct.error):
        return False


def _integers(values: Iterable[object]) -> list[int]:
    """Return the integers among values that damage may have changed to anything."""
    return [value for value in values if isinstance(value, int)] or [-1]
