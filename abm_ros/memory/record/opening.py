"""Opens the durable record for reading, whether it is sound or damaged."""

import os
import sqlite3
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from abm_ros.common.errors import StoreBusyError, StoreError
from abm_ros.memory.record.file_format import (
    READABLE,
    SALVAGE,
    SCHEMA_VERSION,
    RecordHeader,
    check_version,
    connect,
    read_head,
)
from abm_ros.memory.record.lock import marked
from abm_ros.memory.record.page_recovery import recovered_spec
from abm_ros.memory.record.reader import StoreReader
from abm_ros.memory.record.write_ahead_log import log_damage, log_of


def open_reader(path: Path, busy_timeout_s: float, oldest: int = READABLE) -> StoreReader:
    """
    Open the record read-only; raises as `Store.read`.

    :param oldest: lowest schema version that the caller can read.
    """
    if not path.is_file():
        raise StoreError(f'{path}: no such file; expected an episodic memory')
    acknowledged = marked(path)        # first, since a writer may append meanwhile
    db = _connect(path, busy_timeout_s)
    try:
        try:
            head = read_head(path, db)
        except StoreBusyError:
            raise
        except StoreError as error:
            spec = recovered_spec(path)
            if spec is None:
                if acknowledged:
                    raise StoreError(f'{error}; {acknowledged} steps were acknowledged here'
                                     ) from error
                raise
            head = RecordHeader(SCHEMA_VERSION, spec, (str(error),))
        check_version(path, head.version, oldest)
        if damage := log_damage(path):
            told = f'{path}: the write-ahead log {log_of(path).name} is damaged: {damage}'
            head = replace(head, damage=(*head.damage, f'{told}; {SALVAGE}'))
        return StoreReader(path, db, head, acknowledged)
    except BaseException:
        db.close()
        raise


def _connect(path: Path, busy_timeout_s: float) -> sqlite3.Connection:
    db = connect(path, 'ro', busy_timeout_s)
    with suppress(sqlite3.DatabaseError):
        # So that the readable part of a damaged schema can be read.
        db.execute('PRAGMA writable_schema = ON')
    try:
        db.execute('SELECT 1 FROM sqlite_master').fetchone()
    except sqlite3.OperationalError:
        # Even a reader writes WAL files beside the record, unless it is opened as immutable.
        log = log_of(path)
        if not (log.exists() and log.stat().st_size) and not os.access(path.parent, os.W_OK):
            db.close()
            return connect(path, 'ro&immutable=1', busy_timeout_s)
    except sqlite3.DatabaseError:
        pass                           # `read_head` reports it
    return db
