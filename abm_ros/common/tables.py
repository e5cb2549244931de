"""
Tables in YAML that bind System M (phi, constraints, wiring), all read and checked in one way.

Parsed by ruamel.yaml: unlike PyYAML it refuses a key that stands twice, of which else one wins
in silence. Whatever is wrong with a table is one line: what, expected, got.
"""

import reprlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from abm_ros.common.errors import AbmError

# A table that tells no version is of this one.
VERSION = 1
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80


def shown(value: Any) -> str:
    """Return a value for an error's line: short, however large or nested it is."""
    try:
        return _SHORT.repr(value)
    except ValueError:   # an integer of more digits than Python prints
        return f'a {type(value).__name__} too long to show'


def read_text(path: Path, error: type[AbmError]) -> str:
    """
    Read a text file.

    :raises AbmError: of class `error`, it is missing, no file, or not UTF-8.
    """
    try:
        return path.read_text(encoding='utf-8')
    except (OSError, ValueError) as cause:
        said = cause.strerror if isinstance(cause, OSError) else str(cause)
        raise error(f'{path}: cannot be read, expected a text file in UTF-8: {said}') from cause


class Reader:
    """Reads one kind of table; every error is of one class and begins with its name."""

    def __init__(self, name: str, error: type[AbmError], newest: int = VERSION) -> None:
        """:param newest: newest version of this kind of table; all before it are read too."""
        self.name = name
        self.error = error
        self._newest = newest

    def load(self, text: str, known: Collection[str] | None = None) -> dict[str, Any]:
        """
        Parse a table whose top is a mapping; an empty text is an empty one.

        :param known: the keys it may have beside `version`; None allows any.
        :return: the table, with its version unless `known` is None.
        :raises AbmError: not YAML, a key twice or unknown, or another version.
        """
        try:
            raw = YAML(typ='safe', pure=True).load(text)
        except MarkedYAMLError as cause:
            at = cause.problem_mark or cause.context_mark
            where = f' (line {at.line + 1})' if at is not None else ''
            raise self.error(f'{self.name}: not YAML: {_line(cause.problem)}{where}') from cause
        except (YAMLError, ValueError, TypeError, OverflowError, RecursionError) as cause:
            # Scalars such as 2026-99-99, and nesting deeper than Python's stack.
            raise self.error(f'{self.name}: not YAML: {_line(cause)}') from cause
        table = self.mapping(self.name, raw, None if known is None else ('version', *known),
                             empty=True)
        if known is None:
            return table
        version = table.setdefault('version', VERSION)
        if type(version) is not int or not VERSION <= version <= self._newest:
            known_versions = ' or '.join(map(str, range(VERSION, self._newest + 1)))
            raise self.error(f'{self.name}.version: expected {known_versions}, got '
                             f'{shown(version)}: the table was written for another version of '
                             "abm_ros; write it anew from the package's own")
        return table

    def mapping(self, where: str, raw: Any, known: Collection[str] | None = None,
                *, empty: bool = False) -> dict[str, Any]:
        """
        Return a mapping, whose keys are among the known ones.

        :param empty: whether nothing written, as in `weights:`, is an empty one.
        :raises AbmError: naming the place and the keys.
        """
        if raw is None and empty:
            return {}
        if not isinstance(raw, dict):
            raise self.error(f'{where}: expected a mapping, got {shown(raw)}')
        if known is not None and (unknown := [key for key in raw if key not in known]):
            raise self.error(f'{where}: unknown {", ".join(map(shown, unknown[:5]))}, expected '
                             f'some of {", ".join(known) or "nothing"}')
        return raw

    def sequence(self, where: str, raw: Any) -> list[Any]:
        """
        Return a list; nothing written is an empty one.

        :raises AbmError: naming the place.
        """
        if raw is None:
            return []
        if not isinstance(raw, list):
            raise self.error(f'{where}: expected a list, got {shown(raw)}')
        return raw

    def number(self, where: str, raw: Any, low: float, high: float) -> float:
        """
        Return a number within bounds; infinity only where a bound is infinite.

        :raises AbmError: naming the place and the bounds.
        """
        if isinstance(raw, bool) or not isinstance(raw, int | float) or not low <= raw <= high or (
                isinstance(raw, int) and abs(raw) > 1e15):
            raise self.error(f'{where}: expected a number from {low:g} to {high:g}, got '
                             f'{shown(raw)}')
        return float(raw)


def _line(text: Any) -> str:
    """Return the first sentence in one line: ruamel.yaml adds advice for programmers."""
    return ' '.join(str(text).split('\n\n')[0].split())[:200]
