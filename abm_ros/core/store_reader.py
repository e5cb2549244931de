"""What can be read from the durable record, by its writer or beside it."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from abm_ros.core.blocks import StepBlock, checksum, decode_block
from abm_ros.core.errors import StoreBusyError, StoreError
from abm_ros.core.packing import Packing
from abm_ros.core.spec import ObservationSpec
from abm_ros.core.store_episodes import SELECT_EPISODES, EpisodeRecord, records_of
from abm_ros.core.store_file import SELECT_CHUNKS, connect, explained, read_head
from abm_ros.core.transition import Step

_CHUNKS = 16
_SELECT = 'SELECT first_id, last_id, steps, crc32, block FROM chunks WHERE first_id'
Row = tuple[int, int, int, int, bytes]
OnDamage = Callable[[StoreError], None]


@dataclass(frozen=True)
class RunRecord:
    """One process that wrote to the record; its steps begin at `first_id`."""

    run: int
    first_id: int
    started_ns: int


class StoreReader:
    """Reads the committed steps, the summaries of episodes and the runs."""

    def __init__(self, path: Path, db: sqlite3.Connection, spec: ObservationSpec) -> None:
        self.path = path
        self.spec = spec
        self.packing = Packing(spec)
        # For the modules of the record alone.
        self.db = db

    def blocks(self, after: int = 0, damaged: OnDamage | None = None) -> Iterator[StepBlock]:
        """
        Iterate over the committed steps in the order lived, a chunk at a time.

        :param after: leave out the steps up to this id.
        :param damaged: is told of every chunk that cannot be read, which is then left out; None
            raises instead.
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
                yield block

    def steps(self, after: int = 0, damaged: OnDamage | None = None) -> Iterator[Step]:
        """Iterate over the committed steps in the order lived; as `blocks`."""
        for block in self.blocks(after, damaged):
            yield from block.steps(self.spec, self.packing)

    def decode(self, row: Row) -> StepBlock:
        """
        Return the steps of a chunk.

        :raises StoreError: naming the chunk, when it is not what was written.
        """
        first, last, steps, crc, data = row
        try:
            if checksum(first, last, data) != crc:
                raise ValueError('wrong checksum')
            block = decode_block(data, self.spec, self.packing)
            if len(block) != steps or block.id[0] != first or block.id[-1] != last:
                raise ValueError('other steps than the row says')
        except (TypeError, ValueError) as error:
            raise StoreError(
                f'{self.path}: the chunk of steps {first} to {last} is damaged: {error}; restore '
                "a copy of the file, or keep the rest with 'abm memory compact --salvage'"
            ) from error
        return block

    def episodes(self) -> list[EpisodeRecord]:
        """Return a summary of every episode, in the order lived."""
        return records_of(self.query(SELECT_EPISODES))

    def runs(self) -> list[RunRecord]:
        """Return the runs that wrote to this record, in order."""
        return [RunRecord(*row) for row in
                self.query('SELECT run, first_id, started_ns FROM runs ORDER BY run')]

    def totals(self) -> dict[str, int]:
        """Return how many `chunks`, `steps`, `transitions` and `episodes` there are."""
        chunks = self.query('SELECT COUNT(*), COALESCE(SUM(steps), 0) FROM chunks')[0]
        episodes = self.query(
            'SELECT COALESCE(SUM(transitions), 0), COUNT(*) FROM episodes')[0]
        return dict(zip(('chunks', 'steps', 'transitions', 'episodes'), (*chunks, *episodes),
                        strict=True))

    def size(self) -> dict[str, int]:
        """Return the bytes of the database that are `used` and those that are `free`."""
        page, pages, free = (int(self.query(f'PRAGMA {name}')[0][0])
                             for name in ('page_size', 'page_count', 'freelist_count'))
        return {'used': page * (pages - free), 'free': page * free}

    def newest(self) -> tuple[int, tuple[int, int]]:
        """Return the highest id ever given, and the episode and index that came last."""
        highest, *position = map(int, self._meta('newest', '0 -1 0').split())
        rows = self.query('SELECT first_id, last_id, steps, crc32, block FROM chunks '
                           'ORDER BY first_id DESC LIMIT 1')
        if not rows or rows[0][1] <= highest:
            return highest, (position[0], position[1])
        try:
            block = self.decode(rows[0])
            return int(block.id[-1]), (int(block.episode[-1]), int(block.index[-1]))
        except StoreError:
            # The row still says how far it went; its episode is not gone on with.
            last = self.query('SELECT COALESCE(MAX(episode), -1) + 1 FROM episodes')[0][0]
            return int(rows[0][1]), (int(last), 0)

    @property
    def next_episode(self) -> int:
        """The first free episode number of this life."""
        return self.newest()[1][0] + 1

    def close(self) -> None:
        """Release the file."""
        self.db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def query(self, sql: str, *values: Any) -> list[Any]:
        """Return the rows that a statement gives; raises StoreError."""
        with explained(self.path, 'read'):
            return self.db.execute(sql, values).fetchall()

    def _meta(self, key: str, default: str) -> str:
        found = self.query('SELECT value FROM meta WHERE key = ?', key)
        return str(found[0][0]) if found else default

    def _rows(self, after: int, damaged: OnDamage | None) -> Iterator[Row]:
        """Yield the rows of the chunks; with `damaged`, go round what SQLite cannot read."""
        while True:
            try:
                # A few at a time: a long read would keep the WAL from being checkpointed.
                rows = self.query(SELECT_CHUNKS, after + 1, _CHUNKS)
            except StoreBusyError:
                raise
            except StoreError as error:
                if damaged is None:
                    raise
                damaged(error)
                yield from self._rows_around(after)
                return
            for row in rows:
                if _end(row) > after:
                    yield row
            if not rows or _end(rows[-1]) <= after:
                return
            after = _end(rows[-1])

    def _rows_around(self, after: int) -> Iterator[Row]:
        """Yield what can be read of a damaged table: each chunk is looked up by itself."""
        rows = self._try(SELECT_CHUNKS, after + 1, 1)
        while True:
            for row in rows:
                yield row
                after = _end(row)
            rows = self._try(f'{_SELECT} > ? ORDER BY first_id LIMIT 1', after)
            if not rows:
                # Over the hole, to the next one that can be found.
                beyond = self._beyond(after)
                if beyond is None:
                    return
                after = beyond - 1
                rows = self._try(f'{_SELECT} = ?', beyond)

    def _beyond(self, after: int) -> int | None:
        """Return the first id of a later chunk than the one that cannot be read."""
        ends = [int(row[0]) for sql in ('SELECT MAX(first_id) FROM chunks',
                                        'SELECT MAX(last_id) FROM episodes')
                for row in self._try(sql) if row[0] is not None]
        step = 1
        while after + step < max(ends, default=0):
            found = self._try('SELECT first_id FROM chunks WHERE first_id > ? '
                              'ORDER BY first_id LIMIT 1', after + step)
            if found:
                return int(found[0][0])
            step *= 2
        return None

    def _try(self, sql: str, *values: Any) -> list[Any]:
        try:
            return self.query(sql, *values)
        except StoreError:
            return []


def _end(row: Row) -> int:
    """Return the last id of a chunk, which damage may have turned into anything."""
    return row[1] if isinstance(row[1], int) and row[1] >= row[0] else row[0]


def open_reader(path: Path, busy_timeout_s: float) -> StoreReader:
    """Open the record read-only; `Store.read` says what it raises."""
    if not path.exists():
        raise StoreError(f'{path}: no such file; expected an episodic memory')
    db = connect(path, 'ro', busy_timeout_s)
    try:
        return StoreReader(path, db, read_head(path, db)[1])
    except BaseException:
        db.close()
        raise
