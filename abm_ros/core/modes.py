"""The eight modes and the wiring table that says what each of them is."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from abm_ros.core.errors import WiringError

MODES = ('play', 'task', 'observe', 'imitate', 'rest', 'sleep', 'imagine', 'freeze')
SAFE_MODE = 'freeze'
# In these the motors never move, whatever the table says (design, section 4).
MOTORS_SHUT = ('observe', 'imitate', 'rest', 'sleep', 'imagine', 'freeze')
SENSORS_CUT = ('sleep', 'imagine')
GATE_NODE, GATE_PORT = 'motor_gate', 'action'
SENSOR_NODE = 'sensory_gate'
SENSOR_PORTS = ('joint_states', 'tool_pose', 'camera', 'battery', 'goal')
_TOPIC = re.compile(r'[A-Za-z_]\w*(/[A-Za-z_]\w*)*')


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


def load_wiring(text: str, ports: Mapping[str, Collection[str]]) -> dict[str, Row]:
    """
    Read and check the wiring table.

    :param text: YAML: `modes: <mode>: {motors, refusal?, nodes: <node>: {state, ports, params}}`;
        a port that a row does not name is unwired in that mode.
    :param ports: the nodes there are and the ports that each has.
    :return: one row per mode, every node and port present.
    :raises WiringError: an unknown or missing mode, node, port, key or topic, or a row that
        breaks an invariant.
    """
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise WiringError(f'wiring: not YAML: {" ".join(str(error).split())}') from error
    table = _mapping('wiring', raw, ('version', 'modes', 'templates')).get('modes')
    modes = _mapping('wiring.modes', table, MODES)
    missing = [mode for mode in MODES if mode not in modes]
    if missing:
        raise WiringError(f'wiring.modes: no row for {", ".join(missing)}')
    return {mode: _row(mode, modes[mode], ports) for mode in MODES}


def _row(mode: str, raw: Any, ports: Mapping[str, Collection[str]]) -> Row:
    where = f'wiring.modes.{mode}'
    raw = _mapping(where, raw, ('motors', 'refusal', 'nodes'))
    motors = raw.get('motors')
    if motors not in ('open', 'shut'):
        raise WiringError(f"{where}.motors: expected 'open' or 'shut', got {motors!r}")
    given = _mapping(f'{where}.nodes', raw.get('nodes'), tuple(ports))
    absent = [node for node in ports if node not in given]
    if absent:
        raise WiringError(f'{where}.nodes: no row for {", ".join(absent)}')
    nodes = {node: _node_row(f'{where}.nodes.{node}', given[node], ports[node])
             for node in ports}
    row = Row(mode, motors == 'open', nodes, str(raw.get('refusal') or ''))
    if mode == SAFE_MODE and row.refusal:
        raise WiringError(f'{where}.refusal: {SAFE_MODE} is the safe mode and cannot be refused')
    _check_invariants(where, row)
    return row


def _node_row(where: str, raw: Any, ports: Collection[str]) -> NodeRow:
    raw = _mapping(where, raw, ('state', 'ports', 'params'))
    state = raw.get('state')
    if state not in ('active', 'inactive'):
        raise WiringError(f"{where}.state: expected 'active' or 'inactive', got {state!r}")
    wires = _mapping(f'{where}.ports', raw.get('ports') or {}, tuple(ports))
    for name, topic in wires.items():
        if not isinstance(topic, str) or (topic and not _TOPIC.fullmatch(topic)):
            raise WiringError(f"{where}.ports.{name}: expected a relative topic or '', "
                              f'got {topic!r}')
    params = raw.get('params') or {}
    if not isinstance(params, dict):
        raise WiringError(f'{where}.params: expected a mapping, got {params!r}')
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


def _mapping(where: str, raw: Any, known: Collection[str]) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise WiringError(f'{where}: expected a mapping, got {raw!r}')
    unknown = [key for key in raw if key not in known]
    if unknown:
        raise WiringError(f'{where}: unknown {", ".join(map(repr, unknown))}, '
                          f'expected some of {", ".join(known)}')
    return raw
