"""Which processes on this machine are nodes of ours; read from /proc, imports no ROS."""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from abm_ros.common import names
from abm_ros.common.errors import ConfigError

_PARTS = (*names.BODIES, names.BODY, *names.WIRED_NODES, names.SYSTEM_M)
_MODULE = 'abm_ros.nodes'           # `python -m abm_ros.nodes <node>`
_EXECUTABLES = ('lib', 'abm_ros')   # .../lib/abm_ros/<node>, as ros2 run and launch start it
_REMAP = '__ns:='


@dataclass(frozen=True)
class LocalNode:
    """The process of a node; `namespace` has no '/' around it."""

    name: str
    pid: int
    domain: int
    namespace: str


def local_nodes(root: Path = Path('/proc')) -> list[LocalNode]:
    """Return the nodes on this machine, as far as its processes may be read, by process id."""
    found = []
    for folder in root.glob('[0-9]*'):
        with suppress(OSError, ValueError):     # it ended, or it is somebody else's
            words = (folder / 'cmdline').read_bytes().decode(errors='replace').split('\0')
            if name := _node_of(words):
                found.append(LocalNode(name, int(folder.name), _domain(folder), _namespace(words)))
    return sorted(found, key=lambda node: node.pid)


def own_domain() -> int:
    """
    Return the domain of this process.

    :raises ConfigError: ROS_DOMAIN_ID is no number.
    """
    text = os.environ.get('ROS_DOMAIN_ID') or '0'
    if not text.isdecimal():
        raise ConfigError(f'ROS_DOMAIN_ID: expected a whole number, got {text!r}')
    return int(text)


def domains(nodes: Iterable[LocalNode]) -> list[int]:
    """Return the domains in which there are nodes."""
    return sorted({node.domain for node in nodes})


def _node_of(words: Sequence[str]) -> str:
    """Return the node that a command line starts, '' for none."""
    for word, following in zip(words, (*words[1:], ''), strict=True):
        path = Path(word)
        if word == _MODULE and following in _PARTS:
            return following
        if path.name in _PARTS and path.parts[-3:-1] == _EXECUTABLES:
            return path.name
    return ''


def _namespace(words: Sequence[str]) -> str:
    remaps = [word.removeprefix(_REMAP) for word in words if word.startswith(_REMAP)]
    return remaps[-1].strip('/') if remaps else ''


def _domain(folder: Path) -> int:
    pairs = (pair.partition(b'=') for pair in (folder / 'environ').read_bytes().split(b'\0'))
    return int(next((value for name, _, value in pairs if name == b'ROS_DOMAIN_ID'), b'') or 0)
