"""Checking that every chunk of a durable record is what was written and fits the summaries."""

from collections.abc import Callable
from dataclasses import dataclass, field

from abm_ros.core.errors import StoreError
from abm_ros.core.store_episodes import EpisodeRecord
from abm_ros.core.store_reader import StoreReader


@dataclass
class Verdict:
    """What `verify` found; `damage` holds one line for each thing that is wrong."""

    steps: int = 0                     # that can be read
    transitions: int = 0
    missing: int = 0                   # steps that the file says it has and cannot show
    damage: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.damage


def verify(reader: StoreReader, progress: Callable[[int], None] = lambda _: None) -> Verdict:
    """
    Read everything and compare it with its checksums and summaries.

    :param progress: is told the number of steps read so far.
    """
    verdict = Verdict()
    _check_pages(reader, verdict)
    last = (0, -1, -1)
    counted: dict[int, list[int]] = {}
    for block in reader.blocks(damaged=lambda error: verdict.damage.append(str(error))):
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
        for episode, acted in zip(block.episode.tolist(), block.acted.tolist(), strict=True):
            entry = counted.setdefault(episode, [0, 0])
            entry[0] += 1
            entry[1] += acted
        progress(verdict.steps)
    _check_summaries(reader, counted, verdict)
    return verdict


def _check_pages(reader: StoreReader, verdict: Verdict) -> None:
    try:
        for (line,) in reader.query('PRAGMA integrity_check(20)'):
            if line != 'ok':
                verdict.damage.append(f'{reader.path}: {" ".join(str(line).split())}')
    except StoreError as error:
        verdict.damage.append(str(error))


def _check_summaries(reader: StoreReader, counted: dict[int, list[int]],
                     verdict: Verdict) -> None:
    try:
        records: list[EpisodeRecord] = reader.episodes()
    except StoreError as error:
        verdict.damage.append(str(error))
        return
    verdict.missing = sum(record.steps for record in records) - verdict.steps
    told = {record.episode: [record.steps, record.transitions] for record in records}
    if verdict.missing > 0:
        verdict.damage.append(f'{reader.path}: {verdict.missing} steps cannot be read')
    elif differing := [e for e in told.keys() | counted if told.get(e) != counted.get(e)]:
        verdict.damage.append(f'{reader.path}: the summary of episode {min(differing)} does not '
                              f'fit its steps (and {len(differing) - 1} others)')
