"""The eight modes and the wiring table that says what each of them is."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from abm_ros.common.errors import WiringError
from abm_ros.common.names import RELATIVE_NAME
from abm_ros.common.tables import Reader, shown

MODES = ('play', 'task', 'observe', 'imitate', 'rest', 'sleep', 'imagine', 'freeze')
SAFE_MODE = 'freeze'
# In these the motors never move, whatever the table says (design, section 4).
MOTORS_SHUT = ('observe', 'imitate', 'rest', 'sleep', 'imagine', 'freeze')
SENSORS_CUT = ('sleep', 'imagine')
GATE_NODE, GATE_PORT = 'motor_gate', 'action'
SENSOR_NODE = 'sensory_gate'
SENSOR_PORTS = ('joint_states', 'tool_pose', 'camera', 'battery', 'goal')
_READ = Reader('wiring', WiringError)
# For each node the settings that a row may set, each with the texts that it may be set to.
RowSettings = Mapping[str, Mapping[str, Collection[str]]]


@dataclass(frozen=True)
class NodeRow:
    """What one node is in one mode: its lifecycle state, its wires, its settings."""

    active: bool
    ports: Mapping[str, str]
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One mode of the wiring table; `refusal` says why a mode cannot be entered, '' if it can."""

    mode: str
    motors_open: bool
    nodes: Mapping[str, NodeRow]
    refusal: str = ''


def load_wiring(text: str, ports: Mapping[str, Collection[str]],
                settings: RowSettings) -> dict[str, Row]:
    """
    Read and check the wiring table.

    :param text: YAML: `modes: <mode>: {motors, refusal?, nodes: <node>: {state, ports, params}}`;
        a port that a row does not name is unwired in that mode.
    :param ports: the nodes there are and the ports that each has.
    :param settings: what `params` may set in which node; all else is System M's to set.
    :return: one row per mode, every node and port present.
    :raises WiringError: an unknown or missing mode, node, port, setting, key or topic, one that
        stands twice, another version, or a row that breaks an invariant.
    """
    table = _READ.load(text, ('modes', 'templates')).get('modes')
    modes = _READ.mapping('wiring.modes', table, MODES)
    missing = [mode for mode in MODES if mode not in modes]
    if missing:
        raise WiringError(f'wiring.modes: no row for {", ".join(missing)}')
    return {mode: _row(mode, modes[mode], ports, settings) for mode in MODES}


def _row(mode: str, raw: Any, ports: Mapping[str, Collection[str]],
         settings: RowSettings) -> Row:
    where = f'wiring.modes.{mode}'
    raw = _READ.mapping(where, raw, ('motors', 'refusal', 'nodes'))
    motors = raw.get('motors')
    if motors not in ('open', 'shut'):
        raise WiringError(f"{where}.motors: expected 'open' or 'shut', got {shown(motors)}")
    given = _READ.mapping(f'{where}.nodes', raw.get('nodes'), tuple(ports))
    absent = [node for node in ports if node not in given]
    if absent:
        raise WiringError(f'{where}.nodes: no row for {", ".join(absent)}')
    nodes = {node: _node_row(f'{where}.nodes.{node}', given[node], ports[node],
                             settings.get(node, {})) for node in ports}
    refusal = raw.get('refusal') or ''
    if not isinstance(refusal, str):
        raise WiringError(f'{where}.refusal: expected a text, got {shown(refusal)}')
    row = Row(mode, motors == 'open', nodes, refusal)
    if mode == SAFE_MODE and row.refusal:
        raise WiringError(f'{where}.refusal: {SAFE_MODE} is the safe mode and cannot be refused')
    _check_invariants(where, row)
    return row


def _node_row(where: str, raw: Any, ports: Collection[str],
              settings: Mapping[str, Collection[str]]) -> NodeRow:
    raw = _READ.mapping(where, raw, ('state', 'ports', 'params'))
    state = raw.get('state')
    if state not in ('active', 'inactive'):
        raise WiringError(f"{where}.state: expected 'active' or 'inactive', got {shown(state)}")
    wires = _READ.mapping(f'{where}.ports', raw.get('ports'), tuple(ports), empty=True)
    for name, topic in wires.items():
        if not isinstance(topic, str) or (topic and not RELATIVE_NAME.fullmatch(topic)):
            raise WiringError(f"{where}.ports.{name}: expected a relative topic or '', "
                              f'got {shown(topic)}')
    params = _READ.mapping(f'{where}.params', raw.get('params'), tuple(settings),
                           empty=True)
    for name, value in params.items():
        if not isinstance(value, str) or value not in settings[name]:
            raise WiringError(f'{where}.params.{name}: expected one of '
                              f'{", ".join(settings[name])}, got {shown(value)}')
    return NodeRow(state == 'active', {name: wires.get(name, '') for name in ports}, params)


def _check_invariants(where: str, row: Row) -> None:
    if row.motors_open and row.mode in MOTORS_SHUT:
        raise WiringError(f"{where}.motors: must be 'shut' in {row.mode}")
    gate = row.nodes.get(GATE_NODE)
    if gate is not None and not row.motors_open and gate.active and gate.ports.get(GATE_PORT):
        raise WiringError(f"{where}: motors are 'shut' but {GATE_NODE} is active with "
                          f"port '{GATE_PORT}' wired")
    senses = row.nodes.get(SENSOR_NODE)
    if senses is not None and row.mode in SENSORS_CUT and senses.active:
        wired = [name for name in SENSOR_PORTS if senses.ports.get(name)]
        if wired:
            raise WiringError(f'{where}: sensors are cut in {row.mode}, but {SENSOR_NODE} is '
                              f'active with {", ".join(wired)} wired')
