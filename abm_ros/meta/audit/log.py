"""
The audit log: append-only JSON lines, each chained to the one before by SHA-256.

A record is durable before `append` returns. `<path>.head` beside the log names the last
acknowledged record and the one that is being written. So a crash leaves at most one announced
record, whole or torn. A log with fewer records was cut; other records are forged. With a key the
head is signed (HMAC-SHA256), so that a rewrite of both files is found too. Without a key, keep the
last hash elsewhere. See decision 0040.
"""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from abm_ros.common.errors import AuditError
from abm_ros.meta.audit.head import (
    GENESIS,
    HeadFile,
    LogHead,
    canonical,
    create_head,
    is_there,
    read_head,
    sync_folder,
)

_TYPES = {'seq': int, 'stamp_ns': int, 'kind': str, 'body': dict, 'prev': str, 'hash': str}


@dataclass(frozen=True)
class Chain:
    """What a verified log holds: its last record, its end, and the torn line after the end."""

    last: LogHead
    end: int
    torn: bytes
    acknowledged: int

    @property
    def crash(self) -> str:
        """Return what a crash or a writer at work left at the end; '' for nothing."""
        if self.torn:
            return f'record {self.last.seq + 1} is torn: it was announced, never acknowledged'
        return (f'record {self.last.seq} was announced, never acknowledged'
                if self.last.seq > self.acknowledged else '')


class AuditLog:
    """The one writer of an audit log."""

    def __init__(self, path: Path | str, clock: Callable[[], int] = time.time_ns,
                 key: bytes = b'') -> None:
        """
        Create the log, or verify it and continue it.

        A last line that was torn by a crash was never acknowledged. It is overwritten by a record
        of kind 'repair' that holds its hash and text.

        :param clock: ns since the epoch, stamped on each record.
        :param key: signs the head; empty leaves it unsigned.
        :raises AuditError: another process writes it, it was tampered with, or it cannot be
            written.
        """
        self.path = Path(path)
        self._clock = clock
        self._key = key
        self._head_file: HeadFile | None = None
        self._fd = _open_alone(self.path, key)
        try:
            sync_folder(self.path)
            chain = examine(self.path, key)
            self._head, self._end = chain.last, chain.end
            self._head_file = HeadFile(self.path, key)
            if not chain.torn:
                self._head_file.announce(self._head)
            else:
                self.append('repair', removed_bytes=len(chain.torn),
                            removed_sha256=hashlib.sha256(chain.torn).hexdigest(),
                            removed_text=chain.torn[:1000].decode(errors='replace'))
        except OSError as error:
            self.close()
            raise AuditError(f'{self.path}: cannot write the head file: {error.strerror}; free '
                             'some disk space or choose a writable folder') from error
        except BaseException:
            self.close()
            raise

    def append(self, kind: str, /, **body: Any) -> dict[str, Any]:
        """
        Append a record; it is durable on return.

        :param kind: what happened, e.g. 'mode' or 'intervention'.
        :param body: JSON values; numpy arrays and scalars become lists and numbers.
        :return: the record as written.
        :raises AuditError: it is not JSON, holds a non-finite float, or cannot be written. Then
            the log is unchanged.
        """
        record, line = self._seal(kind, body)
        if self._head_file is None:
            raise AuditError(f'{self.path}: the audit log is closed')
        if not (is_there(self._fd, self.path) and self._head_file.is_there()):
            # A file without a name is lost with the process.
            raise AuditError(f'{self.path}: the audit log or its head file was removed or '
                             'replaced while it was written; put it back or start anew in '
                             'another folder')
        head = LogHead(record['seq'], record['hash'])
        announced = replace(self._head, next=head.hash)
        try:
            self._head_file.announce(announced)
            self._write(line)
            self._head_file.acknowledge(head)
        except BaseException as error:
            with suppress(OSError):
                self._head_file.announce(announced)
            with suppress(OSError):
                os.ftruncate(self._fd, self._end)
            if isinstance(error, OSError):
                raise AuditError(f"{self.path}: cannot record '{kind}': {error.strerror}; free "
                                 'some disk space or choose a writable folder') from error
            raise
        self._head = head
        self._end += len(line)
        return record

    def close(self) -> None:
        """Close the log."""
        if self._head_file is not None:
            self._head_file.close()
            self._head_file = None
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _seal(self, kind: str, body: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        try:
            plain = json.loads(json.dumps(body, allow_nan=False, default=_plain))
        except (TypeError, ValueError, RecursionError) as error:
            raise AuditError(f"{self.path}: the body of '{kind}' is not JSON with finite "
                             f'numbers: {error}') from error
        record = {'seq': self._head.seq + 1, 'stamp_ns': self._clock(), 'kind': str(kind),
                  'body': plain, 'prev': self._head.hash}
        record['hash'] = _hash(record)
        return record, canonical(record) + b'\n'

    def _write(self, line: bytes) -> None:
        written = 0
        while written < len(line):
            written += os.pwrite(self._fd, line[written:], self._end + written)
        # An earlier crash or a full disk may have left bytes after the end.
        os.ftruncate(self._fd, self._end + len(line))
        os.fsync(self._fd)


def verify(path: Path | str, key: bytes = b'') -> int:
    """
    Verify a whole log, even while it is being written.

    :param key: key of the head's signature; empty checks none.
    :return: the number of records.
    :raises AuditError: naming the first record that was edited, removed, added or moved.
    """
    return examine(Path(path), key).last.seq + 1


def records(path: Path | str) -> Iterator[dict[str, Any]]:
    """
    Iterate over the records of a log and verify the chain on the way.

    :raises AuditError: naming the first record that breaks the chain.
    """
    for record, _ in _walk(Path(path)):
        if record is not None:
            yield record


def examine(path: Path, key: bytes = b'') -> Chain:
    """
    Verify a whole log, even while it is being written, and return what it holds.

    :raises AuditError: as `verify`.
    """
    # A writer may be at work. Then the log holds at least the records of the head as read before
    # it, and at most one announced record more than the head as read after it.
    before = read_head(path, key) if path.exists() else LogHead()
    last, end, torn, hashes = LogHead(), 0, b'', {-1: GENESIS}
    for record, line in _walk(path):
        if record is None:
            torn = line
            break
        end += len(line)
        last = LogHead(record['seq'], record['hash'])
        if last.seq >= before.seq:
            hashes[last.seq] = last.hash
    after = read_head(path, key)
    if last.seq < before.seq:
        raise AuditError(f'{path}: record {last.seq + 1} is missing: the log was cut at its tail, '
                         f'its head file acknowledges records up to {before.seq}')
    for head in (before, after):
        if hashes.get(head.seq, head.hash) != head.hash:
            raise AuditError(f'{path}: record {head.seq} was edited, or one before it: its hash '
                             'differs from the one in the head file')
    foreseen = after.next is None or after.next == hashes.get(after.seq + 1)
    if last.seq > after.seq + foreseen or (torn and last.seq == after.seq and after.next == ''):
        raise AuditError(f'{path}: record {after.seq + foreseen + 1} was never announced: it was '
                         'added or edited, or an older head file was put back')
    return Chain(last, end, torn, after.seq)


def _walk(path: Path) -> Iterator[tuple[dict[str, Any] | None, bytes]]:
    previous = LogHead()
    try:
        with open(path, 'rb') as file:
            for line in file:
                if not line.endswith(b'\n'):
                    yield None, line
                    return
                record = _check(path, previous, line)
                previous = LogHead(record['seq'], record['hash'])
                yield record, line
    except OSError as error:
        raise AuditError(f'{path}: cannot read the audit log: {error.strerror}') from error


def _check(path: Path, previous: LogHead, line: bytes) -> dict[str, Any]:
    number = previous.seq + 1
    where = f'{path}: record {number} (line {number + 1})'
    try:
        record = json.loads(line)
        if set(record) != _TYPES.keys() or line != canonical(record) + b'\n':
            raise ValueError('its text is not that of a record')
        if any(type(record[name]) is not kind for name, kind in _TYPES.items()) or not (
                0 <= record['stamp_ns'] < 2 ** 63):
            raise ValueError('its fields have not the types of a record')
        claimed = record.pop('hash')
        if claimed != _hash(record):
            raise ValueError('its text does not match its hash')
    except (ValueError, TypeError, RecursionError) as error:
        raise AuditError(f'{where} was edited: {error}') from error
    if record['seq'] != number:
        raise AuditError(f'{where} carries number {record["seq"]}: records were removed, '
                         'added or reordered')
    if record['prev'] != previous.hash:
        raise AuditError(f'{where} does not follow the one before it: one of the two was edited')
    return {**record, 'hash': claimed}


def _open_alone(path: Path, key: bytes) -> int:
    try:
        if not path.exists():
            # The head is created first, so that no crash leaves a log without one.
            create_head(path, key)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise AuditError(f'{path}: cannot write the audit log: {error.strerror}; choose a file '
                         'in an existing, writable folder') from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise AuditError(f'{path}: another process writes this audit log; stop it or choose '
                         'another file') from error
    return handle


def _hash(record: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(record)).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f'{type(value).__name__} is not JSON')
