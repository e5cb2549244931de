"""
Reads SQLite's write-ahead log and finds damage that SQLite would not report (decision 0033).

SQLite reads a log up to the first frame with a wrong checksum and takes the rest for the remains
of a crash. A crash leaves no whole commit after such a frame; damage does.

Source: https://www.sqlite.org/fileformat2.html, section 4 (the WAL file format).
"""

import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from abm_ros.common.errors import StoreError
from abm_ros.memory.record.file_format import SALVAGE

_HEAD, _FRAME_HEAD = 32, 24
_MAGIC = {0x377f0682: '<u4', 0x377f0683: '>u4'}     # by the byte order of the checksums
_AT_ONCE = 1024                                      # frames
_AGAIN_S = 0.05
DEFAULT_PAGE = 4096


@dataclass(frozen=True)
class Log:
    """A write-ahead log; `pages` maps each page to the offset of its newest committed copy."""

    damage: str = ''                                 # '' when SQLite reads the whole log
    pages: dict[int, int] = field(default_factory=dict)
    data: bytes = b''


def log_of(path: Path) -> Path:
    """Return the write-ahead log of a record."""
    return Path(f'{path.resolve()}-wal')


def scan_log(path: Path, page_size: int = DEFAULT_PAGE) -> Log:
    """
    Read the log of a record.

    :param page_size: used where the header of the log itself is damaged.
    """
    try:
        data = log_of(path).read_bytes()
    except OSError:
        return Log()
    if len(data) <= _HEAD:
        return Log()
    head = np.frombuffer(data, '>u4', 8)
    order = _MAGIC.get(int(head[0]), '')
    whole = bool(order) and bool(
        (_sums(np.frombuffer(data, order, 6)[None]) == head[6:].astype(np.uint32)).all())
    if whole:
        page_size = int(head[2])
    frames = np.frombuffer(data, np.uint8, (len(data) - _HEAD) // (page_size + _FRAME_HEAD)
                           * (page_size + _FRAME_HEAD), _HEAD).reshape(
                               -1, page_size + _FRAME_HEAD)
    if not len(frames):
        return Log('' if whole else 'its header is damaged', {}, data)
    heads = frames[:, :_FRAME_HEAD].copy().view('>u4').astype(np.uint32)
    salts = head[4:6].astype(np.uint32) if whole else _most_common(heads[:, 2:4])
    before = np.concatenate([head[None, 6:].astype(np.uint32), heads[:-1, 4:6]])
    linked = _linked(frames, heads, before, order or _order_of(frames, heads, before))
    linked &= (heads[:, 2:4] == salts).all(1)
    commits = np.flatnonzero(linked & (heads[:, 1] != 0))
    end = int(commits[-1]) + 1 if len(commits) else 0
    pages = {int(heads[i, 0]): _HEAD + i * (page_size + _FRAME_HEAD) + _FRAME_HEAD
             for i in range(end) if (heads[i, 2:4] == salts).all()}
    broken = np.flatnonzero(~linked[:end])
    damage = ''
    if not whole:
        damage = 'its header is damaged'
    elif len(broken):
        damage = f'its frame {broken[0] + 1} of {end} is damaged'
    return Log(damage, pages, data)


def log_damage(path: Path) -> str:
    """Return the damage of the log of a record, '' for none; a writer may be at work."""
    damage = scan_log(path).damage
    if damage:
        time.sleep(_AGAIN_S)           # a log that is restarted during the read looks damaged
        damage = damage if scan_log(path).damage == damage else ''
    return damage


def check_log(path: Path) -> None:
    """
    Refuse a record whose damaged log SQLite would discard, acknowledged steps included.

    :raises StoreError: naming the damage.
    """
    damage = scan_log(path).damage
    if not damage and log_of(path).exists() and log_of(path).stat().st_size and not (
            path.exists() and path.stat().st_size):
        damage = 'its database is missing or empty'
    if damage:
        raise StoreError(f'{path}: the write-ahead log {log_of(path).name} cannot be read: '
                         f'{damage}; {SALVAGE}')


def _linked(frames: np.ndarray, heads: np.ndarray, before: np.ndarray, order: str) -> np.ndarray:
    """Return for each frame whether its checksum continues the one before it."""
    found = []
    for start in range(0, len(frames), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        words = np.concatenate([frames[part, :8], frames[part, _FRAME_HEAD:]], 1).view(order)
        found.append((_sums(words, before[part]) == heads[part, 4:6]).all(1))
    return np.concatenate(found)


def _order_of(frames: np.ndarray, heads: np.ndarray, before: np.ndarray) -> str:
    """Return the byte order in which more checksums are right, for a damaged header."""
    return max(_MAGIC.values(), key=lambda order: int(
        _linked(frames[:_AT_ONCE], heads[:_AT_ONCE], before[:_AT_ONCE], order).sum()))


def _most_common(salts: np.ndarray) -> np.ndarray:
    values, counts = np.unique(salts, axis=0, return_counts=True)
    return np.asarray(values[counts.argmax()])


def _sums(words: np.ndarray, before: np.ndarray | None = None) -> np.ndarray:
    """
    Return SQLite's checksums, modulo 2**32.

    They are defined by s1 += x[i] + s2; s2 += x[i + 1] + s1 for each pair of words. This linear
    recurrence is computed as one matrix product.

    :param words: (N, W) 32 bits each, W even.
    :param before: (N, 2) uint32, the checksums to continue; None for 0.
    :return: (N, 2) uint32.
    """
    weights, carry = _weights(words.shape[1] // 2)
    own = words.astype(np.uint32) @ weights
    return own if before is None else own + before @ carry


@cache
def _weights(pairs: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the weight of each word in the two sums (2 `pairs`, 2), and of the sums before."""
    power = np.eye(2, dtype=np.uint32)
    once = np.array([[1, 1], [1, 2]], np.uint32)     # (s1, s2) after a pair of zeros
    word = np.array([[1, 0], [1, 1]], np.uint32)     # the pair's own contribution
    found = []
    for _ in range(pairs):
        found.append((power @ word).T)
        power = once @ power
    return np.concatenate(found[::-1]), power.T
