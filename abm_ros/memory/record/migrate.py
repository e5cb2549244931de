"""Migration of an older durable record, in one transaction: all of it or nothing."""

import sqlite3
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from abm_ros.common.errors import StoreError
from abm_ros.common.packing import Packing
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Step
from abm_ros.memory.record.blocks import StepBlock
from abm_ros.memory.record.file_format import SALVAGE, SCHEMA_VERSION, TABLES
from abm_ros.memory.record.write_buffer import WriteBuffer

OLDEST = 1
_SELECT = ('SELECT id, episode, step, stamp_ns, mode, success, provenance, observation, goal, '
           'action, crc32 FROM steps WHERE id > ? ORDER BY id LIMIT ?')
_CHUNK = 1024      # steps in a chunk


def migrate(path: Path, db: sqlite3.Connection, spec: ObservationSpec, version: int,
            write: Callable[[StepBlock], None]) -> None:
    """
    Bring an older record up to date, within the caller's transaction.

    Version 1 had one row per step. The chunks of version 2 are read as they are.

    :param write: writes a block as a chunk.
    :raises StoreError: a row is damaged. Then nothing is changed.
    """
    if version == OLDEST:
        for statement in TABLES:
            db.execute(statement)
        for block in blocks_of_1(path, db, spec):
            write(block)
        db.execute('DROP TABLE steps')
    db.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (str(SCHEMA_VERSION),))


def blocks_of_1(path: Path, db: sqlite3.Connection, spec: ObservationSpec,
                damaged: Callable[[StoreError], None] | None = None) -> Iterator[StepBlock]:
    """
    Iterate over the steps of a record of version 1, in their order.

    :param damaged: called with the error of each damaged row, which is left out; None raises it.
    """
    waiting = WriteBuffer(spec, Packing(spec))
    last = 0
    while rows := db.execute(_SELECT, (last, _CHUNK)).fetchall():
        for row in rows:
            try:
                waiting.take(row[0], _decode(path, spec, row))
            except StoreError as error:
                if damaged is None:
                    raise
                damaged(error)
        if len(waiting):
            yield waiting.block()
        waiting.clear()
        last = rows[-1][0]


def _decode(path: Path, spec: ObservationSpec, row: tuple[Any, ...]) -> Step:
    try:
        *scalars, observation, goal, action = row[:-1]
        crc = zlib.crc32(repr(scalars).encode())
        for blob in (observation, goal, action or b''):
            crc = zlib.crc32(blob, crc)
        if crc != row[-1]:
            raise ValueError('wrong checksum')
        episode, index, stamp_ns, mode, success, provenance = row[1:7]
        return Step(episode, index, stamp_ns, _numbers(observation, spec.size),
                    _numbers(goal, spec.goal_size),
                    None if action is None else _numbers(action, spec.action_size),
                    mode, bool(success), provenance)
    except (TypeError, ValueError) as error:
        raise StoreError(f'{path}: row {row[0]} of steps is damaged: {error}; it stays at schema '
                         f'version 1: {SALVAGE}') from error


def _numbers(blob: bytes, size: int) -> np.ndarray:
    array = np.frombuffer(blob, '<f4').astype(np.float32)
    if array.shape != (size,):
        raise ValueError(f'expected {size} numbers, got {array.size}')
    return array
