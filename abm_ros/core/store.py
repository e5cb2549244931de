"""
The durable record of a life: every lived step, append-only, in one SQLite file.

WAL with synchronous=FULL: a step whose id is at most `Store.acknowledged` survives kill -9 and a
power cut. Commits are grouped, by count and by age, because one costs an fsync.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from abm_ros.core.config import check, setting
from abm_ros.core.errors import ConfigError, SpecError, StoreError
from abm_ros.core.spec import ObservationSpec
from abm_ros.core.store_file import (
    INSERT_STEP,
    SELECT_STEPS,
    check_same,
    connect,
    create,
    decode,
    encode,
    explained,
    read_spec,
    take_lock,
    transaction,
)
from abm_ros.core.transition import Step

_CHUNK = 2048


@dataclass(frozen=True)
class StoreConfig:
    """When the durable record commits, and how much it holds back while it cannot."""

    commit_count: int = setting(50, 'steps after which a commit is due', low=1, high=100_000)
    commit_age_s: float = setting(0.5, 'age of the oldest step at which a commit is due',
                                  unit='s', low=0.0, high=60.0)
    buffer_limit: int = setting(10_000, 'steps held in RAM while commits fail, then refused',
                                low=1, high=10_000_000)
    busy_timeout_s: float = setting(0.2, 'how long to wait for the lock of another process',
                                    unit='s', low=0.0, high=10.0)

    def __post_init__(self) -> None:
        check(self)
        if self.commit_count > self.buffer_limit:
            raise ConfigError(f'StoreConfig.commit_count: {self.commit_count} exceeds '
                              f'buffer_limit {self.buffer_limit}')


@dataclass(frozen=True)
class EpisodeRecord:
    """Summary of one stored episode; complete when its last step has no action."""

    episode: int
    first_id: int
    steps: int
    mode: str                          # of the first step
    success: bool                      # at any step
    complete: bool
    provenance: str                    # of the first step


@dataclass(frozen=True)
class RunRecord:
    """One process that wrote to the record; its steps begin at `first_id`."""

    run: int
    first_id: int
    started_ns: int


class StoreReader:
    """What can be read from the record, by its writer or beside it."""

    def __init__(self, path: Path, db: sqlite3.Connection, spec: ObservationSpec) -> None:
        self.path = path
        self.spec = spec
        self._db = db

    def steps(self, after: int = 0) -> Iterator[Step]:
        """
        Iterate over the committed steps in the order lived.

        :param after: leave out the steps up to this id.
        :raises StoreError: naming the row whose checksum is wrong.
        """
        while True:
            # In chunks: one long read would keep the writer's WAL from being checkpointed.
            rows = self._query(SELECT_STEPS, after, _CHUNK)
            for row in rows:
                yield decode(self.path, self.spec, row)
            if len(rows) < _CHUNK:
                return
            after = rows[-1][0]

    def episodes(self) -> list[EpisodeRecord]:
        """Return a summary of every episode, in the order lived."""
        rows = self._query(
            'SELECT e.episode, e.first_id, e.steps, a.mode, e.success, b.action IS NULL, '
            'a.provenance FROM (SELECT episode, MIN(id) AS first_id, MAX(id) AS last_id, '
            'COUNT(*) AS steps, MAX(success) AS success FROM steps GROUP BY episode) AS e '
            'JOIN steps AS a ON a.id = e.first_id JOIN steps AS b ON b.id = e.last_id '
            'ORDER BY e.episode')
        return [EpisodeRecord(episode, first, count, mode, bool(success), bool(complete), origin)
                for episode, first, count, mode, success, complete, origin in rows]

    def runs(self) -> list[RunRecord]:
        """Return the runs that wrote to this record, in order."""
        return [RunRecord(*row) for row in
                self._query('SELECT run, first_id, started_ns FROM runs ORDER BY run')]

    @property
    def next_episode(self) -> int:
        """The first free episode number of this life."""
        return int(self._query('SELECT COALESCE(MAX(episode), -1) + 1 FROM steps')[0][0])

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _query(self, sql: str, *values: Any) -> list[Any]:
        with explained(self.path, 'read'):
            return self._db.execute(sql, values).fetchall()


class Store(StoreReader):
    """The one writer of the record."""

    def __init__(self, path: Path | str, spec: ObservationSpec, config: StoreConfig,
                 clock: Callable[[], float] = time.monotonic) -> None:
        """
        Create the record or open it to go on with it.

        :param path: the database; `<path>.lock` beside it belongs to the writer.
        :param spec: what its observations are; must equal the stored one.
        :param clock: seconds, against which the age of a commit is measured.
        :raises StoreBusyError: another process holds it.
        :raises StoreError: it is foreign, newer, of another spec, or cannot be written.
        """
        path = Path(path)
        self._config = config
        self._clock = clock
        self._buffer: list[tuple[Any, ...]] = []
        self._oldest = 0.0
        self._acknowledged = 0
        self._last = (-1, 0)           # episode and index of the last step appended
        self._lock = take_lock(path)
        try:
            super().__init__(path, connect(path, 'rwc', config.busy_timeout_s), spec)
            try:
                self._open()
            except BaseException:
                self._db.close()
                raise
        except BaseException:
            os.close(self._lock)
            raise

    @staticmethod
    def read(path: Path | str, busy_timeout_s: float = 2.0) -> StoreReader:
        """
        Open the record for reading, also while a writer runs.

        :raises StoreError: it is missing, foreign or newer.
        """
        path = Path(path)
        if not path.exists():
            raise StoreError(f'{path}: no such file; expected an episodic memory')
        db = connect(path, 'ro', busy_timeout_s)
        try:
            return StoreReader(path, db, read_spec(path, db))
        except BaseException:
            db.close()
            raise

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
        """The first free episode number of this life, counting what is not yet committed."""
        return self._last[0] + 1

    def append(self, step: Step) -> int:
        """
        Take a step into the buffer; `poll` or `flush` makes it durable.

        :return: its id.
        :raises SpecError: it does not fit the spec, or goes back in its life; it is not taken.
        :raises StoreError: the buffer is full and cannot be committed; the step is not taken.
        """
        row = encode(self.spec, self._acknowledged + len(self._buffer) + 1, step)
        position = row[1], row[2]
        if position <= self._last:
            raise SpecError(f'step {position} (episode, index) does not follow {self._last}; '
                            'count up within an episode, then start at next_episode')
        if len(self._buffer) >= self._config.buffer_limit:
            try:
                self.flush()
            except StoreError as error:
                raise type(error)(f'{error}; the buffer is full, a step was refused') from error
        if not self._buffer:
            self._oldest = self._clock()
        self._buffer.append(row)
        self._last = position
        return int(row[0])

    def poll(self, now: float | None = None) -> bool:
        """
        Commit when enough steps wait, or the oldest has waited long enough.

        :param now: seconds of the store's clock; None asks the clock.
        :return: whether it committed.
        :raises StoreError: as `flush`.
        """
        if not self._buffer:
            return False
        if len(self._buffer) < self._config.commit_count:
            age = (self._clock() if now is None else now) - self._oldest
            if age < self._config.commit_age_s:
                return False
        self.flush()
        return True

    def flush(self) -> int:
        """
        Make every step appended so far durable.

        :return: `acknowledged`.
        :raises StoreError: the commit failed; the steps stay in the buffer for a later try.
        """
        if self._buffer:
            with explained(self.path, f'commit {len(self._buffer)} steps (kept in the buffer)'), \
                    transaction(self._db):
                # A commit that was interrupted after it took effect is not repeated.
                last = self._db.execute('SELECT COALESCE(MAX(id), 0) FROM steps').fetchone()[0]
                self._db.executemany(INSERT_STEP, (row for row in self._buffer if row[0] > last))
            self._acknowledged = int(self._buffer[-1][0])
            self._buffer.clear()
        return self._acknowledged

    def close(self) -> None:
        """
        Commit what waits and release the file, also when the commit fails.

        :raises StoreError: the last steps could not be committed and are lost.
        """
        if self._lock < 0:
            return
        try:
            self.flush()
        finally:
            self._db.close()
            os.close(self._lock)
            self._lock = -1

    def _open(self) -> None:
        with explained(self.path, 'open'):
            empty = not self._db.execute('SELECT 1 FROM sqlite_master').fetchone()
        if not empty:
            check_same(self.path, read_spec(self.path, self._db), self.spec)
        with explained(self.path, 'open'):
            mode = self._db.execute('PRAGMA journal_mode = WAL').fetchone()[0]
            if mode != 'wal':
                raise StoreError(f'{self.path}: expected a file system with write-ahead logging, '
                                 f'got journal mode {mode!r}; choose a local folder')
            self._db.execute('PRAGMA synchronous = FULL')
            with transaction(self._db):
                if empty:
                    create(self._db, self.spec)
                row = self._db.execute('SELECT id, episode, step FROM steps ORDER BY id DESC '
                                       'LIMIT 1').fetchone() or (0, -1, 0)
                self._db.execute('INSERT INTO runs (first_id, started_ns) VALUES (?, ?)',
                                 (row[0] + 1, time.time_ns()))
        self._acknowledged = int(row[0])
        self._last = (int(row[1]), int(row[2]))
