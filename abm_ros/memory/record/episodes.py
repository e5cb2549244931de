"""Summaries of whole episodes, for queries and for deciding what to forget."""

import math
import zlib
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from abm_ros.common.packing import Packing
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import PROVENANCES
from abm_ros.memory.record.blocks import StepBlock

SELECT_EPISODES = ('SELECT episode, first_id, last_id, steps, transitions, bytes, mode, success, '
                   'complete, provenance, novelty, surprise, sketch FROM episodes '
                   'ORDER BY episode')


@dataclass(frozen=True, eq=False)
class EpisodeRecord:
    """
    Summary of one stored episode; complete when its last step has no action.

    The sketch (V + 2 G,) describes the episode: the mean of its observations' numbers, the
    achieved goal at its end, and the desired goal.
    """

    episode: int
    first_id: int
    last_id: int
    steps: int
    transitions: int
    bytes: int                         # its share of the chunks' bytes
    mode: str                          # of the first step
    success: bool                      # at any step
    complete: bool
    provenance: str                    # of the first step
    novelty: float                     # mean over the steps that know it, else nan
    surprise: float
    sketch: np.ndarray


class Tally:
    """Builds the summary of the episode that is being written."""

    def __init__(self, spec: ObservationSpec, packing: Packing) -> None:
        self._spec, self._packing = spec, packing
        self._record: EpisodeRecord | None = None
        self._sum = np.zeros(packing.number_size)
        self._signals = np.zeros((2, 2))           # sums and counts of novelty and surprise

    def take(self, block: StepBlock, size: int) -> list[tuple[Any, ...]]:
        """
        Take the next block, of `size` bytes.

        :return: rows for `INSERT_EPISODE`, one for each episode in the block.
        """
        edges = [0, *(np.flatnonzero(np.diff(block.episode)) + 1).tolist(), len(block)]
        rows = []
        for start, stop in pairwise(edges):
            record = self._add(block, start, stop, size * (stop - start) // len(block))
            rows.append(row_of(record))
        return rows

    def weigh(self, size: int) -> None:
        """Set the bytes of the current episode, which cannot be counted from its steps."""
        if self._record is not None:
            self._record = replace(self._record, bytes=size)

    def _add(self, block: StepBlock, start: int, stop: int, size: int) -> EpisodeRecord:
        numbers, goal_size = self._packing.number_size, self._spec.goal_size
        part = slice(start, stop)
        before, episode = self._record, int(block.episode[start])
        if before is None or before.episode != episode:
            before = EpisodeRecord(
                episode, int(block.id[start]), 0, 0, 0, 0, block.modes[block.mode[start]], False,
                False, PROVENANCES[block.origin[start]], np.nan, np.nan, np.empty(0))
            self._sum[:], self._signals[:] = 0.0, 0.0
        rows = block.rows[part]
        self._sum += rows[:, :numbers].sum(0, dtype=float)
        known = np.isfinite(block.signals[part])
        self._signals += (np.where(known, block.signals[part], 0.0).sum(0), known.sum(0))
        steps = before.steps + stop - start
        novelty, surprise = (float(total / count) if count else np.nan
                             for total, count in self._signals.T)
        sketch = np.concatenate([self._sum / steps, rows[-1, self._packing.goal_slice],
                                 rows[-1, numbers:numbers + goal_size]]).astype(np.float32)
        self._record = EpisodeRecord(
            episode, before.first_id, int(block.id[stop - 1]), steps,
            before.transitions + int(block.acted[part].sum()), before.bytes + size, before.mode,
            before.success or bool(block.success[part].any()), not block.acted[stop - 1],
            before.provenance, novelty, surprise, sketch)
        return self._record


def row_of(record: EpisodeRecord) -> tuple[Any, ...]:
    """Return a record as a row of the table."""
    *scalars, novelty, surprise, sketch = vars(record).values()
    # SQLite knows neither bool nor -0.0.
    row = (*(int(v) if isinstance(v, bool) else v for v in scalars),
           *(None if np.isnan(v) else v + 0.0 for v in (novelty, surprise)))
    blob = sketch.astype('<f4').tobytes()
    return (*row, blob + _crc(row, blob))


def record_of(row: tuple[Any, ...], sketch_size: int) -> EpisodeRecord:
    """
    Return the record of a row that `SELECT_EPISODES` gave.

    :param sketch_size: numbers in a sketch.
    :raises ValueError: the row is damaged.
    """
    *values, blob = row
    sketch = blob[:4 * sketch_size] if isinstance(blob, bytes) else b''
    # Rows written before checksums existed have none.
    if len(sketch) != 4 * sketch_size or blob[len(sketch):] not in (
            b'', _crc(tuple(values), sketch)):
        raise ValueError('wrong checksum')
    (episode, first, last, steps, transitions, size, mode, success, complete, origin, novelty,
     surprise) = values
    return EpisodeRecord(
        episode, first, last, steps, transitions, size, mode, bool(success), bool(complete),
        origin, _known(novelty), _known(surprise), np.frombuffer(sketch, '<f4'))


def _crc(row: tuple[Any, ...], sketch: bytes) -> bytes:
    return zlib.crc32(sketch, zlib.crc32(repr(row).encode())).to_bytes(4, 'little')


def _known(value: float | None) -> float:
    return math.nan if value is None else value
