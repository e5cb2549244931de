"""The head file beside an audit log: the last record that was acknowledged, perhaps signed."""

import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from abm_ros.core.errors import AuditError

GENESIS = '0' * 64
_SHORTEST_KEY = 16


@dataclass(frozen=True)
class Head:
    """The last acknowledged record; seq -1 when there is none."""

    seq: int = -1
    hash: str = GENESIS


def canonical(value: dict[str, Any]) -> bytes:
    """Return the one encoding of a JSON mapping that hashes are taken of."""
    return json.dumps(value, sort_keys=True, separators=(',', ':'), allow_nan=False).encode()


def read_head(path: Path, key: bytes) -> Head:
    """
    Read the head of the log at `path`; a log without one has no acknowledged record.

    :param key: the head must bear its signature; empty asks for none.
    :raises AuditError: unreadable, edited, or not signed with the key.
    """
    file = _head_path(path)
    try:
        raw = json.loads(file.read_bytes())
        head, signature = Head(int(raw['seq']), str(raw['hash'])), str(raw.get('hmac', ''))
    except FileNotFoundError:
        return Head()
    except OSError as error:
        raise AuditError(f'{file}: cannot read the head file: {error.strerror}') from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise AuditError(f'{file}: the head file was edited: {error}') from error
    if key and not hmac.compare_digest(signature, _sign(head, key)):
        raise AuditError(f'{file}: record {head.seq} is not signed with this key: the log was '
                         'rewritten, or it was written without the key or with another one')
    return head


def write_head(path: Path, head: Head, key: bytes) -> None:
    """Replace the head file durably."""
    target, staged = _head_path(path), Path(f'{path}.head.new')
    value: dict[str, Any] = {'seq': head.seq, 'hash': head.hash}
    if key:
        value['hmac'] = _sign(head, key)
    with open(staged, 'wb') as file:
        file.write(canonical(value) + b'\n')
        file.flush()
        os.fsync(file.fileno())
    staged.replace(target)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load_key(path: str) -> bytes:
    """
    Read a signing key: the bytes of a file, white space at its ends aside.

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


def _sign(head: Head, key: bytes) -> str:
    return hmac.new(key, f'{head.seq}:{head.hash}'.encode(), hashlib.sha256).hexdigest()


def _head_path(path: Path) -> Path:
    return Path(f'{path}.head')
