"""The wiring table where there are no nodes: what each mode is to an agent in one process."""

from collections.abc import Iterator, Mapping
from typing import Any

from abm_ros.common import names
from abm_ros.common.errors import WiringError
from abm_ros.common.tables import Reader
from abm_ros.meta.wiring import Row, Wiring, load_wiring

_READ = Reader('wiring', WiringError, newest=2)
_OTHERS = ('version', 'initial', 'modes', 'templates')


def read_rows(text: str) -> Wiring:
    """
    Read a wiring table; the ports and settings that it names count as known.

    :raises WiringError: as `load_wiring`, but for unknown ports and settings.
    """
    table = _READ.load(text)
    ports: dict[str, set[str]] = {}
    settings: dict[str, dict[str, set[str]]] = {}
    for node, row in _node_rows(table.get('modes')):
        ports.setdefault(node, set()).update(_mapping(row.get('ports')))
        for name, value in _mapping(row.get('params')).items():
            settings.setdefault(node, {}).setdefault(name, set()).add(value)
    for key, section in table.items():
        if key not in _OTHERS:       # wired besides, by a setting
            for node, wires in _mapping(section).items():
                ports.setdefault(node, set()).update(_mapping(wires))
    return load_wiring(text, {node: sorted(found) for node, found in ports.items()}, settings)


def _node_rows(modes: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for mode in _mapping(modes).values():
        for node, row in _mapping(_mapping(mode).get('nodes')).items():
            yield node, _mapping(row)


def _mapping(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, dict) else {}


def schedule(row: Row, learner: str) -> str:
    """Return the schedule of a learner in a mode, '' where it is inactive."""
    node = row.nodes[learner]
    return str(node.params.get('schedule', '')) if node.active else ''


def records(row: Row) -> bool:
    """Tell whether memory takes observations in a mode."""
    memory = row.nodes[names.EPISODIC_MEMORY]
    return memory.active and bool(memory.ports.get('observation'))


def perceives(row: Row) -> bool:
    """Tell whether System A sees the world in a mode."""
    system_a = row.nodes[names.SYSTEM_A]
    return row.senses_open and system_a.active and bool(system_a.ports.get('observation'))
