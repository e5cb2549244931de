"""
The history of a run: one JSON line a second, written while it runs, so that a kill loses little.

A folder may hold several runs one after the other; each begins with a line of kind 'run'.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from abm_ros.common.errors import StoreError

NAME = 'history.jsonl'


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
    """One run: what was said about it, what was seen each second, and its report."""

    about: Mapping[str, Any] = field(default_factory=dict)
    seconds: list[Mapping[str, Any]] = field(default_factory=list)
    report: Mapping[str, Any] = field(default_factory=dict)


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
