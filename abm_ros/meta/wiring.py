"""The wiring table: for each mode its roles, and for every node its state, ports and settings."""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from abm_ros.common.errors import WiringError
from abm_ros.common.names import MOTOR_GATE, RELATIVE_NAME, SENSORY_GATE
from abm_ros.common.tables import Reader, shown
from abm_ros.meta.modes import DESIGN, DESIGN_INITIAL, ROLES, Modes, Roles, role_problem

GATE_PORT = 'action'
SENSOR_PORTS = ('joint_states', 'tool_pose', 'camera', 'battery', 'goal', 'success', 'reward')
_READ = Reader('wiring', WiringError, newest=2)
_LOG = logging.getLogger(__name__)
# The keys that version 2 added.
_NEW_KEYS, _NEW_ROW_KEYS = ('initial',), ('roles', 'senses')
_ROW_KEYS = (*_NEW_ROW_KEYS, 'motors', 'refusal', 'nodes')
# The command line's word for no mode at all.
_RESERVED = 'none'
# For each node the settings that a row may set, each with the allowed texts.
RowSettings = Mapping[str, Mapping[str, Collection[str]]]


@dataclass(frozen=True)
class NodeRow:
    """One node in one mode: its lifecycle state, its wires, its settings."""

    active: bool
    ports: Mapping[str, str]
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One mode of the wiring table; `refusal` says why a mode cannot be entered, '' if it can."""

    mode: str
    roles: Roles
    motors_open: bool
    senses_open: bool
    nodes: Mapping[str, NodeRow]
    refusal: str = ''


class Wiring(Mapping[str, Row]):
    """The wiring table: one row per mode, in its order."""

    def __init__(self, rows: Iterable[Row], initial: str = DESIGN_INITIAL) -> None:
        """
        Take the rows.

        :raises WiringError: not exactly one mode is safe, it is refused, or `initial` is no mode.
        """
        self._rows = {row.mode: row for row in rows}
        self.modes = Modes({mode: row.roles for mode, row in self._rows.items()}, initial)
        if self._rows[self.modes.safe].refusal:
            raise WiringError(f'wiring.modes.{self.modes.safe}.refusal: {self.modes.safe} is the '
                              'safe mode and cannot be refused')

    def __getitem__(self, mode: str) -> Row:
        return self._rows[mode]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def load_wiring(text: str, ports: Mapping[str, Collection[str]],
                settings: RowSettings, *, worlds: bool = False) -> Wiring:
    """
    Read and check the wiring table.

    :param text: YAML: `initial`, and `modes: <mode>: {roles, motors, senses, refusal?, nodes:
        <node>: {state, ports, params}}`; a port that a row does not name is unwired in that mode.
        A table of version 1 has the modes of the design and neither `initial`, `roles` nor
        `senses`: they are what the design says.
    :param ports: the nodes there are and the ports that each has.
    :param settings: what `params` may set in which node; all else is System M's to set.
    :param worlds: whether worlds are told apart; then the ports under `worlds: <node>:` are wired
        too, in each mode in which the node is active.
    :return: one row per mode, every node and port present.
    :raises WiringError: an unknown mode, role, node, port, setting, key or topic, one that stands
        twice, another version, or a row that breaks an invariant.
    """
    table = _READ.load(text, ('initial', 'modes', 'templates', 'worlds'))
    if table['version'] == 1:
        table = _of_version_2(table)
    modes = _READ.mapping('wiring.modes', table.get('modes'))
    initial = table.get('initial')
    if not isinstance(initial, str):
        raise WiringError(f'wiring.initial: expected a mode, got {shown(initial)}')
    given = _READ.mapping('wiring.worlds', table.get('worlds'), tuple(ports), empty=True)
    besides = {node: _wires(f'wiring.worlds.{node}', raw, ports[node])
               for node, raw in given.items()}
    rows = [_row(mode, raw, ports, settings) for mode, raw in modes.items()]
    return Wiring([_besides(row, besides) for row in rows] if worlds else rows, initial)


def _besides(row: Row, wires: Mapping[str, Mapping[str, str]]) -> Row:
    """Return a row whose active nodes have further wires."""
    return replace(row, nodes={
        name: replace(node, ports={**node.ports, **wires.get(name, {})}) if node.active else node
        for name, node in row.nodes.items()})


def _of_version_2(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table of version 1 as one of version 2."""
    modes = _READ.mapping('wiring.modes', table.get('modes'), tuple(DESIGN))
    missing = [mode for mode in DESIGN if mode not in modes]
    if missing:
        raise WiringError(f'wiring.modes: no row for {", ".join(missing)}')
    newer = [key for key in _NEW_KEYS if key in table]
    newer += [key for raw in modes.values() if isinstance(raw, dict)
              for key in _NEW_ROW_KEYS if key in raw]
    if newer:
        raise WiringError(f"wiring: '{newer[0]}' is of version 2, and the table of version 1: "
                          "write 'version: 2' at its top")
    _LOG.warning("wiring: the table is of version 1, which names no roles: its modes get those of "
                 "the design. Write 'version: 2', with roles and senses for each mode, to add "
                 'modes')
    rows = {mode: {'roles': list(roles.listed), **raw,
                   'senses': 'shut' if roles.consolidates or roles.imagines else 'open'}
            for mode, roles in DESIGN.items() if isinstance(raw := modes[mode], dict)}
    return {**table, 'initial': DESIGN_INITIAL, 'modes': {**modes, **rows}}


def _row(mode: Any, raw: Any, ports: Mapping[str, Collection[str]],
         settings: RowSettings) -> Row:
    if not isinstance(mode, str) or not mode.isidentifier() or mode == _RESERVED:
        raise WiringError(f'wiring.modes: expected a name of letters, digits and _ other than '
                          f"'{_RESERVED}', got {shown(mode)}")
    where = f'wiring.modes.{mode}'
    raw = _READ.mapping(where, raw, _ROW_KEYS)
    motors_open, senses_open = (_is_open(f'{where}.{key}', raw.get(key))
                                for key in ('motors', 'senses'))
    roles = _roles(f'{where}.roles', raw.get('roles'))
    if problem := role_problem(mode, roles, motors_open=motors_open, senses_open=senses_open):
        raise WiringError(f'{where}.{problem}')
    given = _READ.mapping(f'{where}.nodes', raw.get('nodes'), tuple(ports))
    absent = [node for node in ports if node not in given]
    if absent:
        raise WiringError(f'{where}.nodes: no row for {", ".join(absent)}')
    nodes = {node: _node_row(f'{where}.nodes.{node}', given[node], ports[node],
                             settings.get(node, {})) for node in ports}
    refusal = raw.get('refusal') or ''
    if not isinstance(refusal, str):
        raise WiringError(f'{where}.refusal: expected a text, got {shown(refusal)}')
    _check_gates(where, nodes, motors_open=motors_open, senses_open=senses_open)
    return Row(mode, roles, motors_open, senses_open, nodes, refusal)


def _is_open(where: str, word: Any) -> bool:
    # Not 'on', which many readers of YAML take for a truth value.
    if word not in ('open', 'shut'):
        raise WiringError(f"{where}: expected 'open' or 'shut', got {shown(word)}")
    return bool(word == 'open')


def _roles(where: str, raw: Any) -> Roles:
    if not isinstance(raw, list) or (unknown := [role for role in raw if role not in ROLES]):
        raise WiringError(f'{where}: expected a list of some of {", ".join(ROLES)}, got '
                          f'{shown(raw if not isinstance(raw, list) else unknown[0])}')
    return Roles(**dict.fromkeys(raw, True))


def _wires(where: str, raw: Any, ports: Collection[str]) -> dict[str, str]:
    wires = _READ.mapping(where, raw, tuple(ports), empty=True)
    for name, topic in wires.items():
        if not isinstance(topic, str) or (topic and not RELATIVE_NAME.fullmatch(topic)):
            raise WiringError(f"{where}.{name}: expected a relative topic or '', "
                              f'got {shown(topic)}')
    return dict(wires)


def _node_row(where: str, raw: Any, ports: Collection[str],
              settings: Mapping[str, Collection[str]]) -> NodeRow:
    raw = _READ.mapping(where, raw, ('state', 'ports', 'params'))
    state = raw.get('state')
    if state not in ('active', 'inactive'):
        raise WiringError(f"{where}.state: expected 'active' or 'inactive', got {shown(state)}")
    wires = _wires(f'{where}.ports', raw.get('ports'), ports)
    params = _READ.mapping(f'{where}.params', raw.get('params'), tuple(settings),
                           empty=True)
    for name, value in params.items():
        if not isinstance(value, str) or value not in settings[name]:
            raise WiringError(f'{where}.params.{name}: expected one of '
                              f'{", ".join(settings[name])}, got {shown(value)}')
    return NodeRow(state == 'active', {name: wires.get(name, '') for name in ports}, params)


def _check_gates(where: str, nodes: Mapping[str, NodeRow], *, motors_open: bool,
                 senses_open: bool) -> None:
    gate = nodes.get(MOTOR_GATE)
    if gate is not None and not motors_open and gate.active and gate.ports.get(GATE_PORT):
        raise WiringError(f"{where}: motors are 'shut' but {MOTOR_GATE} is active with "
                          f"port '{GATE_PORT}' wired")
    senses = nodes.get(SENSORY_GATE)
    if senses is not None and not senses_open and senses.active:
        wired = [name for name in SENSOR_PORTS if senses.ports.get(name)]
        if wired:
            raise WiringError(f"{where}: senses are 'shut' but {SENSORY_GATE} is active with "
                              f'{", ".join(wired)} wired')
