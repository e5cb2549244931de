"""Which demonstrations a record holds already: one that is taught again is no new evidence."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from abm_ros.common.packing import Packing
from abm_ros.common.transition import Step
from abm_ros.memory.record.store import StoreReader

TEACHER = 'teacher'


class Recordings:
    """
    The demonstrations of a record, by what was shown when, whoever is named as the teacher.

    :param reader: of the record.
    """

    def __init__(self, reader: StoreReader) -> None:
        self._packing = Packing(reader.spec)
        self._known = {self._key(steps) for steps in _taught(reader)}

    def take(self, steps: Sequence[Step]) -> bool:
        """Note a demonstration; tell whether it is new."""
        key = self._key(steps)
        is_new = key not in self._known
        self._known.add(key)
        return is_new

    def _key(self, steps: Iterable[Step]) -> bytes:
        digest = hashlib.sha256()
        for step in steps:
            # As they are stored: the shades of an image are rounded.
            numbers, pixels = self._packing.split(step.observation)
            digest.update(step.stamp_ns.to_bytes(8, 'big', signed=True))
            digest.update(np.ascontiguousarray(numbers, np.float32).tobytes() + pixels.tobytes())
            digest.update(b'' if step.action is None else step.action.astype(np.float32).tobytes())
        return digest.digest()


def by_episode(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """Yield the steps of one episode after the other."""
    own: list[Step] = []
    for step in steps:
        if own and step.episode != own[-1].episode:
            yield own
            own = []
        own.append(step)
    if own:
        yield own


def _taught(reader: StoreReader) -> Iterator[list[Step]]:
    """Yield the steps of each demonstration, without reading the rest of a long life."""
    for record in reader.episodes(damaged=lambda _: None):
        if record.provenance == TEACHER:
            found: list[Step] = []
            for block in reader.blocks(record.first_id - 1, damaged=lambda _: None):
                found += [step for step in block.steps(reader.spec, reader.packing)
                          if step.episode == record.episode]
                if block.id[-1] >= record.last_id:
                    break
            yield found
