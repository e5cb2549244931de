"""
The history of a run: one JSON line a second, written while it runs, so that a kill loses little.

A folder may hold several runs one after the other; each begins with a line of kind 'run'.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from abm_ros.common.errors import StoreError

NAME = 'history.jsonl'
GAP_S = 3.0               # what was not seen for longer is a gap in the pictures
_LEAST_BETWEEN_S = 6.0    # between two runs that are joined, whatever time passed
_BETWEEN = 0.02           # the same, as a share of the whole
_COUNTED = ('episodes', 'successes', 'commands', 'unsafe')    # from 0 in each run


class HistoryWriter:
    """Appends the lines of one run."""

    def __init__(self, folder: Path, **about: Any) -> None:
        """
        Begin a run.

        :param about: what the page is to say about the run as a whole.
        :raises StoreError: the folder cannot be written.
        """
        self._path = folder / NAME
        try:
            self._file = open(self._path, 'a', encoding='utf-8', buffering=1)
        except OSError as error:
            raise StoreError(f'{self._path}: cannot be written: {error.strerror}') from error
        self.add('run', about)

    def add(self, kind: str, values: Mapping[str, Any]) -> None:
        """
        Append a line.

        :param kind: 'run', 'second' or 'end'.
        :raises StoreError: it cannot be written.
        """
        try:
            self._file.write(json.dumps({'kind': kind, **values}) + '\n')
        except OSError as error:
            raise StoreError(f'{self._path}: cannot be written: {error.strerror}; free some disk '
                             'space') from error

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):     # what was not written was told by `add`
            self._file.close()


@dataclass(frozen=True)
class History:
    """
    One run: what was said about it, what was seen each second, and its report.

    `runs` are those that it was joined of, and `begins` the times at which they begin in it.
    """

    about: Mapping[str, Any] = field(default_factory=dict)
    seconds: list[Mapping[str, Any]] = field(default_factory=list)
    report: Mapping[str, Any] = field(default_factory=dict)
    runs: Sequence['History'] = ()
    begins: Sequence[float] = ()


def read_history(folder: Path) -> list[History]:
    """
    Return the runs of a folder; a line that a crash tore is left out.

    :raises StoreError: there is no history, or it cannot be read.
    """
    path = folder / NAME
    try:
        lines = path.read_text(encoding='utf-8').splitlines()
    except OSError as error:
        raise StoreError(f'{path}: cannot be read: {error.strerror}; expected the folder of a '
                         'run of `abm sim`') from error
    runs: list[History] = []
    for line in lines:
        try:
            values = json.loads(line)
            kind = values.pop('kind')
        except (ValueError, KeyError, AttributeError, TypeError):
            continue
        if kind == 'run':
            runs.append(History(values))
        elif kind == 'second' and runs:
            runs[-1].seconds.append(values)
        elif kind == 'end' and runs:
            runs[-1] = History(runs[-1].about, runs[-1].seconds, values)
    if not runs:
        raise StoreError(f'{path}: holds no run: expected a first line of kind "run"')
    return runs


def joined(runs: Sequence[History]) -> History:
    """
    Return the runs of a folder as one life: its counts go on, and a short gap parts the runs.

    :param runs: in their order, at least one; what is said of the whole is said of the last,
        and told by the last that came to its end.
    """
    if len(runs) == 1:
        return runs[0]
    lengths = [run.seconds[-1]['t'] - run.seconds[0]['t'] if run.seconds else 0.0 for run in runs]
    between_s = max(_LEAST_BETWEEN_S, _BETWEEN * sum(lengths))
    seconds, begins, begin_s = list[Mapping[str, Any]](), list[float](), 0.0
    counts = dict.fromkeys(_COUNTED, 0)
    for run, length_s in zip(runs, lengths, strict=True):
        if not run.seconds:
            continue
        begins.append(begin_s)
        own = [{**second, 't': second['t'] - run.seconds[0]['t'] + begin_s,
                **{name: second[name] + counts[name] for name in _COUNTED if name in second}}
               for second in run.seconds]
        seconds += own
        counts |= {name: own[-1][name] for name in _COUNTED if name in own[-1]}
        begin_s += length_s + between_s
    report = next((run.report for run in reversed(runs) if run.report), {})
    return History(runs[-1].about, seconds, report, tuple(runs), tuple(begins))
