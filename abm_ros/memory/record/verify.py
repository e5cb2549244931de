"""Checks every chunk of a durable record against its checksum and the summaries."""

from collections.abc import Callable
from dataclasses import dataclass, field
from textwrap import shorten
from typing import Any

import numpy as np

from abm_ros.common.errors import StoreError
from abm_ros.memory.record.episodes import EpisodeRecord, Tally, record_of
from abm_ros.memory.record.reader import StoreReader

# Compared exactly; the rest are means, whose last bits depend on how steps were grouped.
_EXACT = ('episode', 'first_id', 'last_id', 'steps', 'transitions', 'mode', 'success', 'complete',
          'provenance')


@dataclass
class RecordVerdict:
    """What `verify` found; `damage` holds one line per finding."""

    steps: int = 0                     # readable steps
    transitions: int = 0
    missing: int | None = None         # lost steps; None when unknown
    damage: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether no damage was found."""
        return not self.damage


def verify(reader: StoreReader, progress: Callable[[int], None] = lambda _: None) -> RecordVerdict:
    """
    Read everything; compare it with its checksums, its summaries and the acknowledged id.

    :param progress: called with the number of steps read so far.
    """
    verdict = RecordVerdict(damage=list(reader.damage))

    def damaged(error: StoreError) -> None:
        if str(error) not in verdict.damage:       # a damaged page may give a row many times
            verdict.damage.append(str(error))

    with reader.snapshot():
        _check(reader, verdict, damaged, progress)
    return verdict


def _check(reader: StoreReader, verdict: RecordVerdict, damaged: Callable[[StoreError], None],
           progress: Callable[[int], None]) -> None:
    _check_pages(reader, verdict)
    last = (0, -1, -1)
    tally, made = Tally(reader.spec, reader.packing), dict[int, tuple[Any, ...]]()
    for block in reader.blocks(damaged=damaged):
        for name, order in (('id', block.id.tolist()),
                            ('episode', list(zip(block.episode.tolist(), block.index.tolist(),
                                                 strict=True)))):
            before = last[0] if name == 'id' else last[1:]
            if any(a >= b for a, b in zip([before, *order], order, strict=False)):
                verdict.damage.append(f'{reader.path}: the steps from id {block.id[0]} go back '
                                      f'in their {name}')
        last = (int(block.id[-1]), int(block.episode[-1]), int(block.index[-1]))
        verdict.steps += len(block)
        verdict.transitions += int(block.acted.sum())
        made |= {row[0]: row for row in tally.take(block, 0)}
        progress(verdict.steps)
    for compare in (lambda: _check_summaries(reader, made, verdict, damaged),
                    lambda: _check_end(reader, last[0], verdict)):
        try:
            compare()
        except StoreError as error:
            damaged(error)


def _check_pages(reader: StoreReader, verdict: RecordVerdict) -> None:
    try:
        for (line,) in reader.query('PRAGMA integrity_check(20)'):
            if line != 'ok':
                verdict.damage.append(f'{reader.path}: {shorten(str(line), 200)}')
    except StoreError as error:
        verdict.damage.append(str(error))


def _check_end(reader: StoreReader, last: int, verdict: RecordVerdict) -> None:
    """Compare the last id read with the acknowledged one: the log may have lost steps."""
    noted = reader.noted()
    if noted is None:
        verdict.damage.append(f'{reader.path}: its note of the newest step is damaged')
    last = max(last, noted[0] if noted else 0)
    if last < reader.marked:
        verdict.damage.append(f'{reader.path}: the steps {last + 1} to {reader.marked} were '
                              'acknowledged and cannot be read')
        verdict.missing = max(verdict.missing or 0, reader.marked - last)


def _check_summaries(reader: StoreReader, made: dict[int, tuple[Any, ...]], verdict: RecordVerdict,
                     damaged: Callable[[StoreError], None]) -> None:
    bad: list[StoreError] = []
    told = {record.episode: record for record in reader.episodes(bad.append)}
    for error in bad:
        damaged(error)
    missing = sum(record.steps for record in told.values()) - verdict.steps
    if missing > 0:
        verdict.missing = missing
        verdict.damage.append(f'{reader.path}: {missing} steps cannot be read')
    if missing > 0 or bad:
        return
    verdict.missing = 0
    size = reader.packing.number_size + 2 * reader.spec.goal_size
    differing = [e for e in told.keys() | made.keys() if e not in told or e not in made
                 or not _agree(told[e], record_of(made[e], size))]
    if differing:
        verdict.damage.append(f'{reader.path}: the summary of episode {min(differing)} does not '
                              f'fit its steps (and {len(differing) - 1} others)')


def _agree(told: EpisodeRecord, made: EpisodeRecord) -> bool:
    """Return whether two summaries agree, up to rounding of sums and apart from `bytes`."""
    one, two = (np.array([record.novelty, record.surprise, *record.sketch])
                for record in (told, made))
    return all(getattr(told, name) == getattr(made, name) for name in _EXACT) and np.allclose(
        one, two, rtol=1e-4, atol=1e-6, equal_nan=True)
