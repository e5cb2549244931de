"""
The file format of the durable record, schema version 4: tables, locks and errors.

- `meta` holds the schema version and the observation spec (JSON), a copy of both under a CRC-32,
  and the time of creation. After pruning it also holds the highest id and episode ever given.
- `runs` has one row per writer.
- `chunks` holds the lived steps. Each row is a block of steps (`blocks.py`) with its checksum.
- `episodes` has one row per episode, for queries and for deciding what to forget. Its last column
  ends with the CRC-32 of the row.
"""

import json
import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from abm_ros.common.errors import SpecError, StoreError
from abm_ros.common.spec import ObservationSpec
from abm_ros.memory.record.lock import busy

SCHEMA_VERSION = 4
# The lowest that is read as it is: of the same tables, with blocks of fewer columns.
READABLE = 2
TABLES = (
    # The episodes summarise the chunks and can be rebuilt from them.
    ('CREATE TABLE chunks (first_id INTEGER PRIMARY KEY, last_id INTEGER NOT NULL, '
     'steps INTEGER NOT NULL, crc32 INTEGER NOT NULL, block BLOB NOT NULL)'),
    ('CREATE TABLE episodes (episode INTEGER PRIMARY KEY, first_id INTEGER NOT NULL, '
     'last_id INTEGER NOT NULL, steps INTEGER NOT NULL, transitions INTEGER NOT NULL, '
     'bytes INTEGER NOT NULL, mode TEXT NOT NULL, success INTEGER NOT NULL, '
     'complete INTEGER NOT NULL, provenance TEXT NOT NULL, novelty REAL, surprise REAL, '
     'sketch BLOB NOT NULL)'),
)
_SCHEMA = (
    'CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
    ('CREATE TABLE runs (run INTEGER PRIMARY KEY, first_id INTEGER NOT NULL, '
     'started_ns INTEGER NOT NULL)'),
    *TABLES,
)
_COPY = 'observation_spec_copy'
INSERT_CHUNK = 'INSERT INTO chunks VALUES (?, ?, ?, ?, ?)'
INSERT_EPISODE = f'INSERT OR REPLACE INTO episodes VALUES ({", ".join("?" * 13)})'
SELECT_CHUNK = 'SELECT first_id, last_id, steps, crc32, block FROM chunks'
# From the chunk that holds step ? + 1, or the first one after it.
SELECT_CHUNKS = (f'{SELECT_CHUNK} WHERE first_id >= '
                 '(SELECT COALESCE(MAX(first_id), 0) FROM chunks WHERE first_id <= ?) '
                 'ORDER BY first_id LIMIT ?')
SALVAGE = "restore a copy of the file, or keep the rest with 'abm memory compact --salvage'"
_HINTS = {
    sqlite3.SQLITE_FULL: '; free some disk space',
    sqlite3.SQLITE_IOERR: '; free some disk space or check the disk',
    sqlite3.SQLITE_CANTOPEN: '; choose a file in an existing, writable folder',
    sqlite3.SQLITE_READONLY: '; make the file and its folder writable',
    sqlite3.SQLITE_NOTADB: '; move it away or choose another file',
    sqlite3.SQLITE_CORRUPT: f'; {SALVAGE}',
}


def connect(path: Path, mode: str, timeout_s: float) -> sqlite3.Connection:
    """
    Open the database so that only the caller starts transactions.

    :param mode: 'ro', or 'rwc' to create it where it is missing.
    """
    with explained(path, 'open'):
        db = sqlite3.connect(f'{path.absolute().as_uri()}?mode={mode}', uri=True,
                             timeout=timeout_s, isolation_level=None)
    # Damaged text then fails at the checksum, whose error names the row.
    db.text_factory = _to_text
    return db


def _to_text(raw: bytes) -> str:
    return raw.decode(errors='replace')


@contextmanager
def explained(path: Path, doing: str) -> Iterator[None]:
    """Turn SQLite's errors into one line that says what failed and how to fix it."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, 'sqlite_errorcode', sqlite3.SQLITE_ERROR) & 0xff
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise busy(path) from error
        raise StoreError(f'{path}: cannot {doing}: {error}{_HINTS.get(code, "")}') from error


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Commit the block, or roll all of it back."""
    db.execute('BEGIN IMMEDIATE')
    try:
        yield
        db.execute('COMMIT')
    except BaseException:
        # SQLite has already rolled back after some of the errors of a full disk.
        with suppress(sqlite3.Error):
            db.execute('ROLLBACK')
        raise


def make_durable(path: Path, db: sqlite3.Connection, *, is_new: bool) -> None:
    """
    Make a writer's commits durable: write-ahead log, full synchronisation, secure delete.

    :raises StoreError: the file system has no write-ahead logging.
    """
    if is_new:
        db.execute('PRAGMA auto_vacuum = INCREMENTAL')
    mode = db.execute('PRAGMA journal_mode = WAL').fetchone()[0]
    if mode != 'wal':
        raise StoreError(f'{path}: expected a file system with write-ahead logging, got journal '
                         f'mode {mode!r}; choose a local folder')
    db.execute('PRAGMA synchronous = FULL')
    # So that page recovery of a damaged file never finds forgotten steps.
    db.execute('PRAGMA secure_delete = ON')


def create(db: sqlite3.Connection, spec: ObservationSpec) -> None:
    """Create the tables, within the caller's transaction."""
    for statement in _SCHEMA:
        db.execute(statement)
    db.executemany('INSERT INTO meta VALUES (?, ?)', (
        ('schema_version', str(SCHEMA_VERSION)), ('observation_spec', spec.to_json()),
        ('created_ns', str(time.time_ns()))))
    copy_head(db, spec)


def copy_head(db: sqlite3.Connection, spec: ObservationSpec) -> None:
    """Write the copy of the version and the spec, within the caller's transaction."""
    text = f'{SCHEMA_VERSION} {spec.to_json()}'
    db.execute('INSERT OR REPLACE INTO meta VALUES (?, ?)',
               (_COPY, f'{zlib.crc32(text.encode()):08x} {text}'))


def head_of_copy(text: str) -> tuple[int, str] | None:
    """Return the version and the spec's JSON from a copy; None when it is damaged."""
    crc, _, rest = text.partition(' ')
    version, _, spec = rest.partition(' ')
    whole = crc == f'{zlib.crc32(rest.encode()):08x}' and version.isdecimal()
    return (int(version), spec) if whole else None


@dataclass(frozen=True)
class RecordHeader:
    """The version and spec of a record, and what is damaged about them."""

    version: int
    spec: ObservationSpec
    damage: tuple[str, ...] = ()


def read_head(path: Path, db: sqlite3.Connection) -> RecordHeader:
    """
    Return the schema version and the observation spec of an existing record.

    :raises StoreError: the file is not an episodic memory, or too damaged to be sure.
    """
    with explained(path, 'read'):
        known = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone()
        meta = dict(db.execute('SELECT * FROM meta')) if known else {}
    told = meta.get('schema_version', ''), meta.get('observation_spec')
    copy = head_of_copy(str(meta.get(_COPY, '')))
    damage: tuple[str, ...] = ()
    if _COPY in meta and copy != (int(told[0]) if str(told[0]).isdecimal() else 0, told[1]):
        damage = (f'{path}: its version and observation spec differ from their copy',)
    version, spec = copy or told
    if not str(version).isdecimal() or spec is None:
        raise StoreError(f'{path}: is a database, but not an episodic memory; choose another file')
    try:
        return RecordHeader(int(version), ObservationSpec.from_json(str(spec)), damage)
    except SpecError as error:
        raise StoreError(f'{path}: damaged meta table: {error}') from error


def check_version(path: Path, version: int, oldest: int = READABLE) -> None:
    """
    Refuse a record that this code cannot read.

    :param oldest: lowest version that the caller can read.
    :raises StoreError: naming what can read it.
    """
    if not oldest <= version <= SCHEMA_VERSION:
        todo = ("'abm memory compact' brings it up to date" if version < oldest else
                'open it with the abm_ros that wrote it')
        raise StoreError(f'{path}: has schema version {version}, expected {SCHEMA_VERSION}; '
                         f'{todo}')


def noted_newest(text: str) -> tuple[int, tuple[int, int]] | None:
    """Parse what `note_newest` wrote; return None when it is damaged."""
    numbers, _, crc = text.partition(' crc32 ')
    try:
        number, episode, index = map(int, numbers.split())
    except ValueError:
        return None
    # Records written before checksums existed have none.
    whole = not crc or crc == f'{zlib.crc32(numbers.encode()):08x}'
    return (number, (episode, index)) if whole else None


def note_newest(number: int, position: tuple[int, int]) -> str:
    """Return a text with the highest id and the last episode and index, for table `meta`."""
    numbers = f'{number} {position[0]} {position[1]}'
    return f'{numbers} crc32 {zlib.crc32(numbers.encode()):08x}'


def misfit(path: Path, stored: ObservationSpec, given: ObservationSpec) -> StoreError | None:
    """Return why a record cannot take the observations of a body, None where it can."""
    if stored == given:
        return None
    old, new = (json.loads(spec.to_json()) for spec in (stored, given))
    differing = '; '.join(f'{key} (recorded {_brief(old[key])}, got {_brief(new[key])})'
                          for key in old if old[key] != new[key])
    return StoreError(f'{path}: is the record of another body: {differing or given}; use another '
                      'folder for this body (abm sim --out, parameter directory)')


def _brief(value: Any) -> str:
    if isinstance(value, list):
        return ' '.join(f'{item["name"]}:{item["size"]}' for item in value)
    return str(value)
