"""
Upkeep of the durable record: forgets whole episodes, merges small chunks, frees disk space.

Each call does a little work in a transaction of its own, so recording goes on between calls.
"""

from collections.abc import Collection, Iterable, Iterator

import numpy as np

from abm_ros.common.errors import StoreError
from abm_ros.memory.record.blocks import StepBlock, join
from abm_ros.memory.record.file_format import SELECT_CHUNK, explained, transaction
from abm_ros.memory.record.page_recovery import Row
from abm_ros.memory.record.store import Store

MERGED_STEPS = 1024
_MERGED_BYTES = 4_000_000
_LEAST_GROUP = 4           # chunks that are worth rewriting into one
_LISTED = 512


def prune(store: Store, episodes: Collection[int]) -> int:
    """
    Forget these episodes in one transaction; commit waiting steps first.

    :return: number of steps forgotten.
    :raises StoreError: a chunk of these episodes is damaged, or the disk refuses. Then nothing is
        forgotten.
    """
    store.flush()
    ranges = [store.query('SELECT first_id, last_id FROM episodes WHERE episode = ?', int(e))
              for e in episodes]
    gone = 0
    with explained(store.path, 'prune'), transaction(store.db):
        store.remember(*store.newest())
        for found in ranges:
            if found:
                gone += _cut(store, int(found[0][0]), int(found[0][1]), episodes)
        store.db.executemany('DELETE FROM episodes WHERE episode = ?',
                             [(int(e),) for e in episodes])
    store.resume()
    return gone


def _cut(store: Store, first: int, last: int, episodes: Collection[int]) -> int:
    rows = store.query(
        f'{SELECT_CHUNK} WHERE first_id >= (SELECT COALESCE(MAX(first_id), 0) FROM chunks WHERE '
        'first_id <= ?) AND first_id <= ? ORDER BY first_id', first, last)
    gone = 0
    for row in rows:
        block = store.decode(row)
        stays = ~np.isin(block.episode, np.fromiter(episodes, np.int64))
        if stays.all():
            continue
        store.db.execute('DELETE FROM chunks WHERE first_id = ?', (row[0],))
        gone += int((~stays).sum())
        if stays.any():
            store.write_chunk(block.take(stays))
    return gone


class Compactor:
    """Merges small chunks: each commit in real time leaves a chunk of a few steps."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._place = 0

    def step(self) -> bool:
        """
        Merge one group of neighbouring chunks into one.

        :return: False when nothing is left to merge; the next call starts from the beginning.
        :raises StoreError: the disk refuses. Then nothing is changed.
        """
        store = self._store
        while True:
            listed = store.query('SELECT first_id, steps, length(block) FROM chunks WHERE '
                                 'first_id > ? ORDER BY first_id LIMIT ?', self._place, _LISTED)
            group = _group(listed)
            if len(group) >= _LEAST_GROUP and self._merge(group[0], group[-1]):
                self._place = group[-1]
                return True
            if not listed:
                self._place = 0
                return False
            # Too little to merge here: go on after it, or after a chunk that is already large.
            self._place = group[-1] if group else int(listed[0][0])

    def _merge(self, first: int, last: int) -> bool:
        store = self._store
        rows: list[Row] = store.query(f'{SELECT_CHUNK} WHERE first_id BETWEEN ? AND ? '
                                      'ORDER BY first_id', first, last)
        try:
            merged = join([store.decode(row) for row in rows])
        except StoreError:
            return False               # `verify` reports damage
        with explained(store.path, 'compact'), transaction(store.db):
            store.db.execute('DELETE FROM chunks WHERE first_id BETWEEN ? AND ?', (first, last))
            store.write_chunk(merged)
        return True


def _group(listed: Iterable[tuple[int, int, int]]) -> list[int]:
    """Return the first ids of the leading chunks that fit into one chunk."""
    group: list[int] = []
    steps = size = 0
    for first, count, length in listed:
        if steps + count > MERGED_STEPS or size + length > _MERGED_BYTES:
            break
        group.append(int(first))
        steps += count
        size += length
    return group


def give_back(store: Store, pages: int) -> None:
    """
    Return free pages to the file system and truncate the write-ahead log.

    :raises StoreError: the disk refuses.
    """
    with explained(store.path, 'free disk space'):
        # As a script: `execute` would run one step of it, which frees one page.
        store.db.executescript(f'PRAGMA incremental_vacuum({int(pages)})')
        store.db.execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchall()


def vacuum(store: Store) -> None:
    """
    Rewrite the whole file without its free pages; needs as much space again while it runs.

    :raises StoreError: the disk refuses. Then the record is unchanged.
    """
    with explained(store.path, 'compact'):
        store.db.execute('PRAGMA auto_vacuum = INCREMENTAL')
        store.db.execute('VACUUM')
        store.db.execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchall()


def regrouped(blocks: Iterable[StepBlock]) -> Iterator[StepBlock]:
    """Join small blocks into blocks of about `MERGED_STEPS` steps."""
    waiting: list[StepBlock] = []
    for block in blocks:
        if waiting and sum(map(len, waiting)) + len(block) > MERGED_STEPS:
            yield join(waiting)
            waiting = []
        waiting.append(block)
    if waiting:
        yield join(waiting)
