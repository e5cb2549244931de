"""Worlds in the durable record: of which one a step is, and what actions do in each."""

from dataclasses import replace

import numpy as np

from abm_ros.memory.record.file_format import SELECT_CHUNK, explained, transaction
from abm_ros.memory.record.store import Store


def relabel(store: Store, number: int, world: int) -> None:
    """
    Let the steps from an id on be of another world: a change is found some steps late.

    :raises StoreError: a chunk is damaged, or it cannot be written. Then durable steps are of the
        world that they were.
    """
    store.note_world(number, world)
    if number > store.acknowledged:
        return
    with explained(store.path, 'relabel'), transaction(store.db):
        for row in store.query(f'{SELECT_CHUNK} WHERE last_id >= ? ORDER BY first_id', number):
            block = store.decode(row)
            store.db.execute('DELETE FROM chunks WHERE first_id = ?', (row[0],))
            store.write_chunk(replace(
                block, world=np.where(block.id >= number, world, block.world)))


def keep_worlds(store: Store, text: str) -> None:
    """
    Make durable what actions do in each world.

    :param text: JSON, by the world's number.
    :raises StoreError: it cannot be written.
    """
    with explained(store.path, 'write'), transaction(store.db):
        store.db.execute("INSERT OR REPLACE INTO meta VALUES ('worlds', ?)", (text,))
