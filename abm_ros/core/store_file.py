"""
The file format of the durable record: schema, rows with their checksums, locks and errors.

Table `meta` holds the schema version, the observation spec (JSON) and the time of creation;
`runs` one row per writer; `steps` one row per lived step, arrays as little-endian float32.
"""

import fcntl
import json
import os
import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from abm_ros.core.errors import SpecError, StoreBusyError, StoreError
from abm_ros.core.spec import ObservationSpec, check_array
from abm_ros.core.transition import PROVENANCES, Step

SCHEMA_VERSION = 1
_SCHEMA = (
    'CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
    ('CREATE TABLE runs (run INTEGER PRIMARY KEY, first_id INTEGER NOT NULL, '
     'started_ns INTEGER NOT NULL)'),
    ('CREATE TABLE steps (id INTEGER PRIMARY KEY, episode INTEGER NOT NULL, '
     'step INTEGER NOT NULL, stamp_ns INTEGER NOT NULL, mode TEXT NOT NULL, '
     'success INTEGER NOT NULL, provenance TEXT NOT NULL, observation BLOB NOT NULL, '
     'goal BLOB NOT NULL, action BLOB, crc32 INTEGER NOT NULL)'),
    # Covers the summaries of `episodes`, which would otherwise read every blob.
    'CREATE INDEX steps_episode ON steps (episode, success)',
)
SELECT_STEPS = ('SELECT id, episode, step, stamp_ns, mode, success, provenance, observation, '
                'goal, action, crc32 FROM steps WHERE id > ? ORDER BY id LIMIT ?')
INSERT_STEP = f'INSERT INTO steps VALUES ({", ".join("?" * 11)})'
_INTEGER_LIMIT = 2 ** 63
_HINTS = {
    sqlite3.SQLITE_FULL: '; free some disk space',
    sqlite3.SQLITE_IOERR: '; free some disk space or check the disk',
    sqlite3.SQLITE_CANTOPEN: '; choose a file in an existing, writable folder',
    sqlite3.SQLITE_READONLY: '; make the file and its folder writable',
    sqlite3.SQLITE_NOTADB: '; move it away or choose another file',
    sqlite3.SQLITE_CORRUPT: '; restore a copy of it or choose another file',
}


def take_lock(path: Path) -> int:
    """
    Become the one writer.

    :return: a descriptor; closing it gives the lock back.
    :raises StoreBusyError: another writer has it.
    :raises StoreError: the folder cannot be written.
    """
    # Beside the database, since closing any descriptor of the database itself would drop the
    # POSIX locks that SQLite holds on it. Never unlinked: that would race with the next writer.
    name = f'{path}.lock'
    try:
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f'{path}: cannot write here: {error.strerror}; choose a file in an '
                         'existing, writable folder') from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise _busy(path) from error
    return handle


def _busy(path: Path) -> StoreBusyError:
    return StoreBusyError(f'{path}: another process holds this episodic memory; stop it or '
                          'choose another file')


def connect(path: Path, mode: str, timeout_s: float) -> sqlite3.Connection:
    """
    Open the database without starting transactions behind the caller's back.

    :param mode: 'ro', or 'rwc' to create it where it is missing.
    """
    with explained(path, 'open'):
        db = sqlite3.connect(f'{path.absolute().as_uri()}?mode={mode}', uri=True,
                             timeout=timeout_s, isolation_level=None)
    # Damaged text then reaches the checksum, whose error names the row.
    db.text_factory = _to_text
    return db


def _to_text(raw: bytes) -> str:
    return raw.decode(errors='replace')


@contextmanager
def explained(path: Path, doing: str) -> Iterator[None]:
    """Turn SQLite's errors into one line that says what failed and what to do."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, 'sqlite_errorcode', sqlite3.SQLITE_ERROR) & 0xff
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise _busy(path) from error
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


def create(db: sqlite3.Connection, spec: ObservationSpec) -> None:
    """Create the tables, within a transaction of the caller."""
    for statement in _SCHEMA:
        db.execute(statement)
    db.executemany('INSERT INTO meta VALUES (?, ?)', (
        ('schema_version', str(SCHEMA_VERSION)), ('observation_spec', spec.to_json()),
        ('created_ns', str(time.time_ns()))))


def read_spec(path: Path, db: sqlite3.Connection) -> ObservationSpec:
    """
    Return the observation spec of an existing record.

    :raises StoreError: the file is not an episodic memory, or of a newer version.
    """
    with explained(path, 'read'):
        known = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone()
        meta = dict(db.execute('SELECT key, value FROM meta')) if known else {}
    version, spec = meta.get('schema_version', ''), meta.get('observation_spec')
    if not str(version).isdecimal() or spec is None:
        raise StoreError(f'{path}: is a database, but not an episodic memory; choose another file')
    if int(version) != SCHEMA_VERSION:
        raise StoreError(f'{path}: has schema version {version}, expected {SCHEMA_VERSION}; '
                         'open it with the abm_ros that wrote it')
    try:
        return ObservationSpec.from_json(spec)
    except SpecError as error:
        raise StoreError(f'{path}: damaged meta table: {error}') from error


def check_same(path: Path, stored: ObservationSpec, given: ObservationSpec) -> None:
    """
    Refuse to mix two kinds of observations in one record.

    :raises StoreError: naming the entries of the spec that differ.
    """
    old, new = (json.loads(spec.to_json()) for spec in (stored, given))
    differing = [f'{key} (stored {_brief(old[key])}, got {_brief(new[key])})'
                 for key in old if old[key] != new[key]]
    if differing:
        raise StoreError(f'{path}: holds observations of another spec: {"; ".join(differing)}; '
                         'use another file for this body')


def _brief(value: Any) -> str:
    if isinstance(value, list):
        return ' '.join(f'{item["name"]}:{item["size"]}' for item in value)
    return str(value)


def encode(spec: ObservationSpec, number: int, step: Step) -> tuple[Any, ...]:
    """
    Return the row of a step, with its checksum last.

    :param number: its id.
    :raises SpecError: an array does not fit the spec, or a number or name is out of range.
    """
    for name, value in (('episode', step.episode), ('index', step.index),
                        ('stamp_ns', step.stamp_ns)):
        if not 0 <= value < _INTEGER_LIMIT:
            raise SpecError(f"step's {name}: expected 0 <= {name} < 2**63, got {value}")
    if not step.mode.isprintable():
        raise SpecError(f"step's mode: expected a printable name, got {step.mode!r}")
    if step.provenance not in PROVENANCES:
        raise SpecError(f"step's provenance: expected one of {', '.join(PROVENANCES)}, "
                        f'got {step.provenance!r}')
    observation = _to_blob('observation', step.observation, spec.size)
    goal = _to_blob('goal', step.goal, spec.goal_size)
    action = None
    if step.action is not None:
        action = _to_blob('action', step.action, spec.action_size)
    row = (number, int(step.episode), int(step.index), int(step.stamp_ns), step.mode,
           int(step.success), step.provenance, observation, goal, action)
    return *row, _checksum(row)


def decode(path: Path, spec: ObservationSpec, row: tuple[Any, ...]) -> Step:
    """
    Return the step that a row holds.

    :raises StoreError: naming the row, when it is not what was written.
    """
    try:
        if _checksum(row[:-1]) != row[-1]:
            raise ValueError('wrong checksum')
        episode, index, stamp_ns, mode, success, provenance, *blobs = row[1:-1]
        observation, goal, action = blobs
        return Step(episode, index, stamp_ns, _from_blob(observation, spec.size),
                    _from_blob(goal, spec.goal_size),
                    None if action is None else _from_blob(action, spec.action_size),
                    mode, bool(success), provenance)
    except (TypeError, ValueError) as error:
        raise StoreError(f'{path}: row {row[0]} of steps is damaged: {error}; '
                         'restore a copy of the file') from error


def _checksum(row: tuple[Any, ...]) -> int:
    *scalars, observation, goal, action = row
    crc = zlib.crc32(repr(scalars).encode())
    for blob in (observation, goal, action or b''):
        crc = zlib.crc32(blob, crc)
    return crc


def _to_blob(name: str, value: Any, size: int) -> bytes:
    return check_array(name, value, (size,)).astype('<f4').tobytes()


def _from_blob(blob: bytes, size: int) -> np.ndarray:
    array = np.frombuffer(blob, '<f4').astype(np.float32)
    if array.shape != (size,):
        raise ValueError(f'expected {size} numbers, got {array.size}')
    return array
