"""Parameters that a node was started with and does not have: a typo must not drop a limit."""

import difflib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from abm_ros.common.errors import ConfigError

_VALUES = 'ros__parameters'


class _Loader(yaml.SafeLoader):
    """Also reads tuples: `ros2 launch` writes a list of texts as one."""

    def construct_tuple(self, node: yaml.SequenceNode) -> list[Any]:
        return self.construct_sequence(node)


_Loader.add_constructor('tag:yaml.org,2002:python/tuple', _Loader.construct_tuple)


def addressed(arguments: Sequence[str], node: str) -> set[str]:
    """
    Return the parameters that a command line sets for one node and for no other.

    What a file sets under a name with `*` is for many nodes, of which not each must have it.

    :param arguments: of the process, with `--params-file FILE` and `-p name:=value`.
    """
    found = set()
    for option, value in itertools.pairwise(arguments):
        if option == '--params-file':
            found |= {name for path, values in sections(_load(value))
                      if path.rsplit('/', 1)[-1] == node for name in flat(values)}
        elif option in ('-p', '--param'):
            found.add(value.split(':=')[0].rsplit(':', 1)[-1])
    return found


def check_known(node: str, given: Iterable[str], known: Iterable[str]) -> None:
    """
    Make sure that a node has the parameters that it was given.

    :raises ConfigError: naming the first that it has not, and the nearest that it has.
    """
    known = set(known)
    for name in sorted(set(given) - known):
        if not name.startswith(('qos_overrides.', 'start_type_description_service')):
            raise ConfigError(f"{node}: there is no parameter '{name}'{nearest(name, known)}")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the hint at the known names that are like a wrong one, '' for none."""
    like = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean '{like[0]}'?" if like else ''


def sections(table: Any, path: str = '') -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield for each node that a parameter file names its path and its parameters."""
    if not isinstance(table, Mapping):
        return
    for key, value in table.items():
        if key == _VALUES:
            if isinstance(value, Mapping):
                yield path, value
        else:
            yield from sections(value, f'{path}/{str(key).strip("/")}')


def flat(values: Mapping[str, Any], prefix: str = '') -> Iterator[str]:
    """Yield the names of parameters, which a file may nest or write with dots."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f'{prefix}{key}.')
        else:
            yield f'{prefix}{key}'


def _load(file: str) -> Any:
    return yaml.load(Path(file).read_text(encoding='utf-8'), _Loader)
