"""
The durable record of a life: every lived step, append-only, in one SQLite file.

The database uses a write-ahead log with synchronous=FULL: steps with ids up to
`Store.acknowledged` survive kill -9 and a power cut. A commit costs an fsync, so steps are
committed in groups, by count and by age. Each commit writes one chunk with one checksum. See
decision 0032.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import numpy as np

from abm_ros.common.errors import SpecError, StoreError
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Step
from abm_ros.memory.record.blocks import StepBlock, checksum, encode_block
from abm_ros.memory.record.config import StoreConfig
from abm_ros.memory.record.episodes import EpisodeRecord, Tally
from abm_ros.memory.record.file_format import (
    INSERT_CHUNK,
    INSERT_EPISODE,
    SALVAGE,
    SCHEMA_VERSION,
    SELECT_CHUNK,
    RecordHeader,
    check_version,
    connect,
    copy_head,
    create,
    explained,
    make_durable,
    misfit,
    note_newest,
    read_head,
    transaction,
)
from abm_ros.memory.record.lock import WriterLock, lock_name, marked
from abm_ros.memory.record.migrate import OLDEST, migrate
from abm_ros.memory.record.opening import open_reader
from abm_ros.memory.record.page_recovery import Row
from abm_ros.memory.record.reader import RunRecord, StoreReader
from abm_ros.memory.record.write_ahead_log import check_log
from abm_ros.memory.record.write_buffer import WriteBuffer

__all__ = ['EpisodeRecord', 'RunRecord', 'Store', 'StoreConfig', 'StoreReader']


class Store(StoreReader):
    """The one writer of the record."""

    def __init__(self, path: Path | str, spec: ObservationSpec | None, config: StoreConfig,
                 clock: Callable[[], float] = time.monotonic) -> None:
        """
        Create the record, or open it to append; migrate an older one.

        :param path: the database; `<path>.lock` beside it belongs to the writer.
        :param spec: observation spec, equal to the stored one. None takes the stored one; then the
            record must exist.
        :param clock: seconds; measures the age of waiting steps.
        :raises StoreBusyError: another process holds the record.
        :raises StoreError: it is foreign, newer, of another spec, or cannot be written.
        """
        path = Path(path)
        if spec is None and not path.exists():
            raise StoreError(f'{path}: no such file; expected an episodic memory')
        self._config = config
        self._clock = clock
        self._oldest = 0.0
        self._acknowledged = 0
        self._together = False         # whether all appends go into one transaction
        self._last = (-1, 0)           # episode and index of the last step appended
        self._lock = WriterLock(path)
        try:
            check_log(path)
            if not path.exists():
                self._lock.mark(0)     # it may be that of a deleted record
            db = connect(path, 'rwc' if spec is not None else 'rw', config.busy_timeout_s)
            try:
                self._open(path, db, spec)
            except BaseException:
                db.close()
                raise
        except BaseException:
            self._lock.release()
            raise

    @staticmethod
    def read(path: Path | str, busy_timeout_s: float = 2.0) -> StoreReader:
        """
        Open the record for reading, also while a writer runs.

        :raises StoreError: it is missing, foreign, or of a schema version that cannot be read.
        """
        return open_reader(Path(path), busy_timeout_s)

    @property
    def acknowledged(self) -> int:
        """Highest step id that a commit has made durable; 0 when there is none."""
        return self._acknowledged

    @property
    def pending(self) -> int:
        """Number of steps appended but not yet durable."""
        return len(self._buffer)

    @property
    def next_episode(self) -> int:
        """The first free episode number of this life, waiting steps included."""
        return self._last[0] + 1

    def append(self, step: Step) -> int:
        """
        Take a step into the write buffer; `poll` or `flush` makes it durable.

        :return: its id.
        :raises SpecError: it does not fit the spec, or is older than the last step; not taken.
        :raises StoreError: the buffer is full and cannot be committed; the step is not taken.
        """
        position = step.episode, step.index
        buffer = self._buffer
        waiting = len(buffer)
        if position <= self._last:
            if min(position) >= 0:
                raise SpecError(f'step {position} (episode, index) does not follow {self._last}; '
                                'count up within an episode, then start at next_episode')
        elif waiting >= self._config.buffer_limit:
            try:
                self.flush()
                waiting = 0
            except StoreError as error:
                raise type(error)(f'{error}; the buffer is full, a step was refused') from error
        number = self.next_id
        buffer.take(number, step)
        if not waiting:
            self._oldest = self._clock()
        self._last = position
        return number

    def note(self, number: int, novelty: float, surprise: float) -> bool:
        """
        Add signals to a step that still waits in the buffer; nan changes nothing.

        :return: False when the step is already durable; it stays unchanged.
        """
        return self._buffer.note(number, novelty, surprise)

    @property
    def next_id(self) -> int:
        """The id that the next step gets."""
        return self._acknowledged + self.pending + 1

    def note_world(self, number: int, world: int) -> None:
        """Let the steps from this id on that still wait in the buffer be of another world."""
        self._buffer.relabel(number, world)

    def poll(self, now: float | None = None) -> bool:
        """
        Commit when enough steps wait or the oldest has waited long enough.

        :param now: seconds of the store's clock; None reads the clock.
        :return: whether it committed.
        :raises StoreError: as `flush`.
        """
        waiting = len(self._buffer)
        if not waiting:
            return False
        if waiting < self._config.commit_count:
            age = (self._clock() if now is None else now) - self._oldest
            if age < self._config.commit_age_s:
                return False
        self.flush()
        return True

    def flush(self) -> int:
        """
        Commit all waiting steps.

        :return: `acknowledged`.
        :raises StoreError: the commit failed; the steps stay in the buffer for the next try.
        """
        if len(self._buffer):
            within = nullcontext() if self._together else transaction(self.db)
            with explained(self.path, f'commit {self.pending} steps (kept in the buffer)'), within:
                # Steps of a commit that was interrupted after it took effect are already there.
                if len(block := self._not_yet(self._buffer.block())):
                    self.write_block(block)
            self._acknowledged += len(self._buffer)
            self._buffer.clear()
            if not self._together:
                self._lock.mark(self._acknowledged)
        return self._acknowledged

    @contextmanager
    def together(self) -> Iterator[None]:
        """
        Commit everything appended within as one transaction: all of it, or nothing after an error.

        :raises StoreError: as `flush`.
        """
        self.flush()
        self._together = True
        try:
            with explained(self.path, 'write'), transaction(self.db):
                yield
                self.flush()
        except BaseException:
            self._buffer.clear()
            with suppress(StoreError):
                self.resume()
            raise
        finally:
            self._together = False
        self._lock.mark(self._acknowledged)

    def close(self) -> None:
        """
        Commit waiting steps and release the file, even when the commit fails.

        :raises StoreError: the waiting steps could not be committed and are lost.
        """
        if not self._lock.held:
            return
        try:
            self.flush()
        finally:
            self.db.close()
            self._lock.release()

    def write_chunk(self, block: StepBlock) -> int:
        """Write a block as a chunk, within the caller's transaction; return its size in bytes."""
        data = encode_block(block, self.packing)
        first, last = int(block.id[0]), int(block.id[-1])
        self.db.execute(INSERT_CHUNK, (first, last, len(block), checksum(first, last, data),
                                        data))
        return len(data)

    def write_block(self, block: StepBlock) -> None:
        """Write the next block and its summaries, within the caller's transaction."""
        size = self.write_chunk(block)
        self.db.executemany(INSERT_EPISODE, self._tally.take(block, size))

    def remember(self, number: int, position: tuple[int, int]) -> None:
        """Note the highest id and position before pruning, within the caller's transaction."""
        self.db.execute("INSERT OR REPLACE INTO meta VALUES ('newest', ?)",
                        (note_newest(number, position),))

    def go_on_behind(self, number: int, position: tuple[int, int]) -> None:
        """Continue after this id, episode and index, although they are not in the file."""
        with explained(self.path, 'write'), transaction(self.db):
            self.remember(number, position)
        self.resume()
        self._lock.mark(self._acknowledged)

    def _not_yet(self, block: StepBlock) -> StepBlock:
        """
        Return the steps of a block that the file does not hold yet.

        :raises StoreError: the file holds other steps under these ids.
        """
        row: Row | None = self.db.execute(
            f'{SELECT_CHUNK} WHERE first_id >= ? ORDER BY first_id DESC LIMIT 1',
            (int(block.id[0]),)).fetchone()
        if row is None:
            return block
        # From a commit that was interrupted after it took effect, or from another process.
        there, known = self.decode(row), block.take(block.id <= row[1])
        if not all(np.array_equal(getattr(there, name), getattr(known, name))
                   for name in ('id', 'episode', 'index', 'stamp_ns', 'rows')):
            raise StoreError(f'{self.path}: another process wrote the steps {row[0]} to {row[1]} '
                             'here; stop the other process or choose another file')
        return block.take(block.id > row[1])

    def _open(self, path: Path, db: sqlite3.Connection, spec: ObservationSpec | None) -> None:
        with explained(path, 'open'):
            empty = not db.execute('SELECT 1 FROM sqlite_master').fetchone()
            pages = int(db.execute('PRAGMA page_count').fetchone()[0])
        acknowledged = marked(path)
        if empty:
            if spec is None:
                raise StoreError(f'{path}: is empty; expected an episodic memory')
            if pages > 1 or acknowledged:
                raise StoreError(f'{path}: holds no table that can be read, but {pages} pages and '
                                 f'{acknowledged} acknowledged steps; {SALVAGE}')
            head = RecordHeader(SCHEMA_VERSION, spec)
        else:
            head = read_head(path, db)
            check_version(path, head.version, OLDEST)
            if spec is not None and (error := misfit(path, head.spec, spec)) is not None:
                raise error
        super().__init__(path, db, head, acknowledged)
        self._buffer = WriteBuffer(self.spec, self.packing)
        self._tally = Tally(self.spec, self.packing)
        with explained(path, 'open'):
            self._prepare(empty, head.version)
        self.resume()

    def _prepare(self, empty: bool, version: int) -> None:
        path, db = self.path, self.db
        make_durable(path, db, is_new=empty)
        with transaction(db):
            if empty:
                create(db, self.spec)
            elif version < SCHEMA_VERSION:
                migrate(path, db, self.spec, version, self.write_block)
            if not self.damage:
                copy_head(db, self.spec)
            self._acknowledged, self._last = self.newest()
            if self._acknowledged < self.marked:
                raise StoreError(
                    f'{path}: the steps {self._acknowledged + 1} to {self.marked} were '
                    f'acknowledged and cannot be read; {SALVAGE}; if it was replaced on '
                    f'purpose, remove {lock_name(path)}')
            db.execute('INSERT INTO runs (first_id, started_ns) VALUES (?, ?)',
                       (self._acknowledged + 1, time.time_ns()))
        self._lock.mark(self._acknowledged)

    def resume(self) -> None:
        """Continue after the last step of the file and restore the summary of its episode."""
        if not len(self._buffer):
            self._acknowledged, self._last = self.newest()
        self._tally = Tally(self.spec, self.packing)
        for first, size in self.query('SELECT first_id, bytes FROM episodes WHERE episode = ?',
                                      self._last[0]):
            for block in self.blocks(first - 1, damaged=lambda _: None):
                self._tally.take(block, 0)
            self._tally.weigh(size)
