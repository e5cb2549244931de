"""
The folder of an evolution: what was asked for, and each finished generation, written atomically.

Only plain data: a strategy is brought back by telling it anew what it was told.
"""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from abm_ros.common.errors import EvolutionError

ASKED = 'evolution.json'
_GENERATIONS = 'generations'


class Folder:
    """The folder of one evolution."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, asked: dict[str, Any], *, resume: bool) -> None:
        """
        Begin an evolution, or make sure that it is this one that goes on.

        :param asked: everything that decides its course, as plain values.
        :raises EvolutionError: there is one already, or there is another one or none to go on
            with.
        """
        file = self.path / ASKED
        if not resume:
            if file.exists():
                raise EvolutionError(f'{self.path} holds an evolution already: go on with it by '
                                     '--resume, or name another folder')
            write(file, asked)
            return
        if not file.exists():
            raise EvolutionError(f'{self.path} holds no evolution to go on with')
        kept = _read(file)
        differs = [name for name in asked if asked[name] != kept.get(name)]
        if differs:
            raise EvolutionError(f'{self.path} holds an evolution that was asked for with another '
                                 f'{", ".join(differs)}: ask for the same, or name another folder')

    def finished(self) -> list[dict[str, Any]]:
        """Return the finished generations, in order."""
        found: list[dict[str, Any]] = []
        while (file := self._file(len(found) + 1)).exists():
            found.append(_read(file))
        return found

    def finish(self, number: int, generation: dict[str, Any]) -> None:
        """Keep a finished generation, from 1."""
        write(self._file(number), generation)

    def _file(self, number: int) -> Path:
        return self.path / _GENERATIONS / f'{number:04d}.json'


def write(file: Path, value: Any) -> None:
    """Write a file atomically: text as it is, anything else as JSON; floats are exact."""
    text = value if isinstance(value, str) else json.dumps(value, indent=1) + '\n'
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f'.{file.name}.')
    with os.fdopen(handle, 'w', encoding='utf-8') as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    Path(temporary).replace(file)


def digest(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def _read(file: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding='utf-8'))
        return found
    except (OSError, ValueError) as error:
        raise EvolutionError(f'{file} cannot be read: {error}') from error
