"""
The audit log: append-only JSON lines, each chained to the one before by SHA-256.

A record is durable before `append` returns. Beside the log, `<path>.head` names the last record
that was acknowledged. The log is written first, so a crash between the two leaves one record
more than the head knows, which is lawful; fewer is a cut. With a key the head is signed
(HMAC-SHA256), so that who rewrites both files whole is found too; without one, keep the last
hash elsewhere.
"""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from abm_ros.core.audit_head import Head, canonical, read_head, write_head
from abm_ros.core.errors import AuditError

_KEYS = {'seq', 'stamp_ns', 'kind', 'body', 'prev', 'hash'}


@dataclass(frozen=True)
class _Chain:
    """What a verified log holds: its last record, where it ends, and the torn line after that."""

    last: Head
    end: int
    torn: bytes


class AuditLog:
    """The one writer of an audit log."""

    def __init__(self, path: Path | str, clock: Callable[[], int] = time.time_ns,
                 key: bytes = b'') -> None:
        """
        Create the log, or verify it and go on with it.

        A last line that a crash tore was never acknowledged: it is overwritten by a record of
        kind 'repair' that says what it was.

        :param clock: ns since the epoch, stamped on each record.
        :param key: signs the head; empty leaves it unsigned.
        :raises AuditError: another process writes it, it was tampered with, or it cannot be
            written.
        """
        self.path = Path(path)
        self._clock = clock
        self._key = key
        self._fd = _open_alone(self.path)
        try:
            chain = _verify(self.path, key)
            self._head = chain.last
            self._end = chain.end
            if chain.last != read_head(self.path, key):
                write_head(self.path, chain.last, key)
        except OSError as error:
            self.close()
            raise AuditError(f'{self.path}: cannot write the head file: {error.strerror}; free '
                             'some disk space or choose a writable folder') from error
        except BaseException:
            self.close()
            raise
        self._repair(chain.torn)

    def append(self, kind: str, /, **body: Any) -> dict[str, Any]:
        """
        Add a record and make it durable before returning.

        :param kind: what happened, e.g. 'mode' or 'intervention'.
        :param body: JSON values; numpy arrays and scalars become lists and numbers.
        :return: the record as written.
        :raises AuditError: it is not JSON, holds a non-finite float, or cannot be written; then
            the log is as before.
        """
        record, line = self._seal(kind, body)
        head = Head(record['seq'], record['hash'])
        try:
            self._write(line)
            write_head(self.path, head, self._key)
        except OSError as error:
            self._undo(head, line)
            raise AuditError(f"{self.path}: cannot record '{kind}': {error.strerror}; free some "
                             'disk space or choose a writable folder') from error
        except BaseException:
            self._undo(head, line)
            raise
        self._advance(head, line)
        return record

    def close(self) -> None:
        """Give the log back."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _repair(self, torn: bytes) -> None:
        if not torn:
            return
        try:
            self.append('repair', removed_bytes=len(torn),
                        removed_sha256=hashlib.sha256(torn).hexdigest(),
                        removed_text=torn[:1000].decode(errors='replace'))
        except BaseException:
            self.close()
            raise

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
        if self._fd < 0:
            raise AuditError(f'{self.path}: the audit log is closed')
        if not self._is_there():
            # What is written to a file without a name is lost with the process.
            raise AuditError(f'{self.path}: the audit log was removed or replaced while it was '
                             'written; put it back or start anew in another folder')
        written = 0
        while written < len(line):
            written += os.pwrite(self._fd, line[written:], self._end + written)
        # What an earlier crash or a full disk left behind the end.
        os.ftruncate(self._fd, self._end + len(line))
        os.fsync(self._fd)

    def _is_there(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._fd), self.path.stat())
        except FileNotFoundError:
            return False

    def _advance(self, head: Head, line: bytes) -> None:
        self._head = head
        self._end += len(line)

    def _undo(self, head: Head, line: bytes) -> None:
        with suppress(OSError, AuditError):
            if read_head(self.path, self._key) == head:
                # The head was replaced, only its folder was not synced: the record stands.
                self._advance(head, line)
            else:
                os.ftruncate(self._fd, self._end)


def verify(path: Path | str, key: bytes = b'') -> int:
    """
    Verify a whole log, also while it is written.

    :param key: checks the signature of the head; empty does not ask for one.
    :return: the number of records.
    :raises AuditError: naming the first record that was edited, removed, added or moved.
    """
    return _verify(Path(path), key).last.seq + 1


def records(path: Path | str) -> Iterator[dict[str, Any]]:
    """
    Iterate over the records of a log, verifying the chain on the way.

    :raises AuditError: naming the first record that does not follow.
    """
    for record, _ in _walk(Path(path)):
        if record is not None:
            yield record


def _verify(path: Path, key: bytes) -> _Chain:
    # A writer may be at work: the log then holds at least what the head said before the log was
    # read, and at most one record more than the head says after.
    before = read_head(path, key)
    last, end, torn, met = Head(), 0, b'', Head()
    for record, line in _walk(path):
        if record is None:
            torn = line
            break
        end += len(line)
        last = Head(record['seq'], record['hash'])
        if last.seq == before.seq:
            met = last
    if last.seq < before.seq:
        raise AuditError(f'{path}: record {last.seq + 1} is missing: the log was cut at its tail, '
                         f'its head file acknowledges records up to {before.seq}')
    if met != before:
        raise AuditError(f'{path}: record {before.seq} was edited: its hash differs from the one '
                         'in the head file')
    after = read_head(path, key)
    if last.seq > after.seq + 1:
        raise AuditError(f'{path}: record {after.seq + 1} was never acknowledged: records were '
                         'added, or the head file was removed or put back')
    return _Chain(last, end, torn)


def _walk(path: Path) -> Iterator[tuple[dict[str, Any] | None, bytes]]:
    previous = Head()
    try:
        with open(path, 'rb') as file:
            for line in file:
                if not line.endswith(b'\n'):
                    yield None, line
                    return
                record = _check(path, previous, line)
                previous = Head(record['seq'], record['hash'])
                yield record, line
    except OSError as error:
        raise AuditError(f'{path}: cannot read the audit log: {error.strerror}') from error


def _check(path: Path, previous: Head, line: bytes) -> dict[str, Any]:
    number = previous.seq + 1
    where = f'{path}: record {number} (line {number + 1})'
    try:
        record = json.loads(line)
        lawful = set(record) == _KEYS and line == canonical(record) + b'\n'
        claimed = record.pop('hash') if lawful else ''
        if not lawful or claimed != _hash(record):
            raise ValueError('its text does not match its hash')
    except (ValueError, TypeError, RecursionError) as error:
        raise AuditError(f'{where} was edited: {error}') from error
    if record['seq'] != number:
        raise AuditError(f'{where} carries number {record["seq"]}: records were removed, '
                         'added or reordered')
    if record['prev'] != previous.hash:
        raise AuditError(f'{where} does not follow the one before it: one of the two was edited')
    return {**record, 'hash': claimed}


def _open_alone(path: Path) -> int:
    try:
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
