"""
The head file beside an audit log: its last acknowledged record and the next one, perhaps signed.

It is one line of JSON, padded to a disk sector and overwritten in place, so that neither a crash
nor a power cut leaves half of it. Before a record is written, its hash is announced here as
`next`. An announced record at the end of the log, whole or torn, is the trace of a crash; one that
was not announced is a forgery (decision 0040).
"""

import hashlib
import hmac
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from abm_ros.common.errors import AuditError

GENESIS = '0' * 64
_SHORTEST_KEY = 16
_SECTOR = 512
_HASH = re.compile('[0-9a-f]{64}')


@dataclass(frozen=True)
class LogHead:
    """
    The last acknowledged record; seq -1 when there is none.

    `next` is the hash of the record that is being written, '' when there is none. It is None in a
    head of the older format, which did not announce records.
    """

    seq: int = -1
    hash: str = GENESIS
    next: str | None = ''


def canonical(value: dict[str, Any]) -> bytes:
    """Return the canonical encoding of a JSON mapping, which is hashed."""
    return json.dumps(value, sort_keys=True, separators=(',', ':'), allow_nan=False).encode()


def read_head(path: Path, key: bytes) -> LogHead:
    """
    Read the head of the log at `path`.

    :param key: key of the signature; empty checks none.
    :raises AuditError: missing, unreadable, edited, or not signed with the key.
    """
    file = _head_path(path)
    try:
        head, signature = _parse(_steady(file))
    except FileNotFoundError as error:
        raise AuditError(f'{file}: the head file was removed, or the log was copied without it: '
                         'without it a cut of the log cannot be found; put it back, or move '
                         'the log away to begin a new one') from error
    except OSError as error:
        raise AuditError(f'{file}: cannot read the head file: {error.strerror}') from error
    except (ValueError, RecursionError) as error:
        raise AuditError(f'{file}: the head file was edited: {error}') from error
    if key and not hmac.compare_digest(signature, _sign(head, key)):
        raise AuditError(f'{file}: record {head.seq} is not signed with this key: the log was '
                         'rewritten, or it was written without the key or with another one')
    return head


def create_head(path: Path, key: bytes) -> None:
    """
    Write the head of a log before the log is created; an existing head is left as it is.

    :raises OSError: it cannot be written.
    """
    staged = Path(f'{path}.head.{os.getpid()}')
    try:
        with open(staged, 'wb') as file:
            file.write(_encode(LogHead(), key))
            file.flush()
            os.fsync(file.fileno())
        if not _head_path(path).exists():
            os.link(staged, _head_path(path))
    except FileExistsError:
        pass   # another process was faster; the lock on the log decides which one writes
    finally:
        staged.unlink(missing_ok=True)


class HeadFile:
    """The head file, held by the one writer of a log."""

    def __init__(self, path: Path, key: bytes) -> None:
        """
        Open the head of the log at `path`.

        :raises OSError: it is missing or cannot be written.
        """
        self._path = _head_path(path)
        self._key = key
        self._fd = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)

    def announce(self, head: LogHead) -> None:
        """Announce the next record durably, before it is written."""
        self._write(head)
        os.fdatasync(self._fd)

    def acknowledge(self, head: LogHead) -> None:
        """Acknowledge a record; a power cut may undo this, but not the announcement."""
        self._write(head)

    def _write(self, head: LogHead) -> None:
        os.pwrite(self._fd, _encode(head, self._key), 0)

    def is_there(self) -> bool:
        """Tell whether the open head is still the file under its name."""
        return is_there(self._fd, self._path)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def sync_folder(path: Path) -> None:
    """Make a file's entry in its folder durable."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def is_there(handle: int, path: Path) -> bool:
    """Tell whether an open file is still the one under this name."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def load_key(path: str) -> bytes:
    """
    Read a signing key: the bytes of a file without white space at its ends.

    :return: b'' for an empty path.
    :raises AuditError: the file is missing or its key too short.
    """
    if not path:
        return b''
    file = Path(path).expanduser()
    try:
        key = file.read_bytes().strip()
    except OSError as error:
        raise AuditError(f'{file}: cannot read the signing key: {error.strerror}') from error
    if len(key) < _SHORTEST_KEY:
        raise AuditError(f'{file}: a signing key of {len(key)} bytes is too short, expected at '
                         f'least {_SHORTEST_KEY}; make one with `openssl rand -hex 32`')
    return key


def _steady(file: Path) -> bytes:
    """Read the file until two reads agree: its writer may be at work."""
    raw = file.read_bytes()
    while (again := file.read_bytes()) != raw:
        raw = again
    return raw


def _parse(text: bytes) -> tuple[LogHead, str]:
    """
    Return the head and its signature.

    :raises ValueError: it is no head.
    """
    raw = json.loads(text)
    if not isinstance(raw, dict) or not {'seq', 'hash'} <= set(raw) <= {'seq', 'hash', 'next',
                                                                       'hmac'}:
        raise ValueError('expected a mapping of seq, hash, next and hmac')
    head, signature = LogHead(raw['seq'], raw['hash'], raw.get('next')), raw.get('hmac') or ''
    if type(head.seq) is not int or head.seq < -1:
        raise ValueError(f'seq is {head.seq!r:.80}, expected an integer from -1')
    for name, value in (('hash', head.hash), ('next', head.next), ('hmac', signature)):
        if name != 'hash' and value in ('', None):
            continue
        if not isinstance(value, str) or not _HASH.fullmatch(value):
            raise ValueError(f'{name} is {value!r:.80}, expected 64 hexadecimal digits')
    return head, signature


def _encode(head: LogHead, key: bytes) -> bytes:
    value: dict[str, Any] = {'seq': head.seq, 'hash': head.hash, 'next': head.next}
    if key:
        value['hmac'] = _sign(head, key)
    return canonical(value).ljust(_SECTOR - 1) + b'\n'


def _sign(head: LogHead, key: bytes) -> str:
    # Without a `next` the signed text is that of the older format.
    text = f'{head.seq}:{head.hash}' + ('' if head.next is None else f':{head.next}')
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _head_path(path: Path) -> Path:
    return Path(f'{path}.head')
