"""Writes docs/REFERENCE.md from the code: modes, ports, hard-wired lines and parameters."""

import sys
from dataclasses import fields
from math import isfinite
from typing import Any

from abm_ros.common import names
from abm_ros.common.config import setting_of
from abm_ros.common.errors import WiringError
from abm_ros.common.share import table_text
from abm_ros.common.telemetry import KINDS, LEARNERS, LearnerTelemetry
from abm_ros.common.telemetry_fields import Declared, Telemetry, schema
from abm_ros.meta.modes import Roles
from abm_ros.meta.signals.entry import calibrations
from abm_ros.nodes.__main__ import NODES
from abm_ros.nodes.usage import config_class
from abm_ros.ros.ports import PORTS, read_wiring

_HEAD = """# Reference

Written by `python -m abm_ros.cli.reference > docs/REFERENCE.md`; a test says when it is stale.

## Modes

As `config/wiring.yaml` has them; a new mode is a new row there.

| mode | roles | motors | senses | cannot be entered, because |
|---|---|---|---|---|
"""
_ROLES_HEAD = """
| role | what a mode with it is |
|---|---|
"""
_PORTS_HEAD = """
## Ports

What System M wires: parameter `port.<name>` of the node, `''` for unwired. The endpoint exists
only while the node is active. Which port is wired in which mode stands in `config/wiring.yaml`.

| node | port | direction | type | usual topic |
|---|---|---|---|---|
"""
_HARD_LINES = f"""
## Hard-wired lines

They exist from start-up to the end, whatever the mode.

| node | line |
|---|---|
| every node | publishes `<node>/signals` (std_msgs/Float32MultiArray: raw telemetry, 10 Hz) |
| `sensory_gate`, `motor_gate` | subscribe to `{names.ROBOT_DESCRIPTION}` (latched) |
| `motor_gate` | subscribes to `{names.JOINT_STATES}` and `{names.HEARTBEAT}`; publishes \
`<controller>/commands` or `<controller>/joint_trajectory`; services `{names.GATE_HOLD}`, \
`{names.GATE_RELEASE}` (std_srvs/Trigger) |
| `system_m` | subscribes to every `<node>/signals`; publishes `{names.MODE}` (latched), \
`{names.HEARTBEAT}`, `{names.SIGNAL_PREFIX}<name>`, `{names.DIAGNOSTICS}`, \
`{names.SELF_REPORT}`, `{names.DECISION}` and `{names.AUDIT}` (std_msgs/String, JSON, \
latched), `{names.PHI}` (phi's text, latched); services `{names.HOLD}`, \
`{names.RELEASE}`, `{names.GET_MODE}`, \
`{names.AVAILABLE_MODES}` (std_srvs/Trigger; the message is the answer), `{names.CHANGE_MODE}` \
(rcl_interfaces/SetParameters of `mode`) |
| `bullet_arm`, `gym_body`, `body <kind>` | publish `{names.JOINT_STATES}`, `{names.TOOL_POSE}`, \
`{names.ROBOT_DESCRIPTION}`, `{names.CAMERA}`, `{names.BATTERY}`, `{names.GOAL}`, and `/clock` in \
lock-step; subscribe to `<controller>/commands` |
"""

_TELEMETRY = """
## Telemetry

What a node tells on `<node>/signals`, as numbers, or as words in the header. What is not known is
left out.

| node | field | bounds | unit | meaning | not known |
|---|---|---|---|---|---|
"""


def reference() -> str:
    """Return the whole document."""
    text = _HEAD
    for mode, row in read_wiring(table_text('', 'wiring.yaml', WiringError)).items():
        motors, senses = ('open' if gate else 'shut'
                          for gate in (row.motors_open, row.senses_open))
        text += (f'| `{mode}` | {", ".join(row.roles.listed)} | {motors} | {senses} | '
                 f'{row.refusal} |\n')
    text += _ROLES_HEAD
    for item in fields(Roles):
        text += f'| `{item.name}` | {setting_of(item).description} |\n'
    text += _PORTS_HEAD
    for node, ports in PORTS.items():
        for port in ports:
            kind = f'{port.message.__module__.split(".")[0]}/{port.message.__name__}'
            topic = f'`{port.topic}`' if port.topic else 'none'
            text += f'| `{node}` | `{port.name}` | {port.direction} | {kind} | {topic} |\n'
    text += _HARD_LINES
    text += '\n## Signals of System M\n\n| signal | what it is |\n|---|---|\n'
    for name, meaning in calibrations().items():
        text += f'| `{names.SIGNAL_PREFIX}{name}` | {meaning} |\n'
    text += _telemetry()
    text += '\n## Parameters\n'
    for node in NODES:
        text += _parameters(node)
    return text


def _telemetry() -> str:
    """Return the tables of what each node tells on its `signals` topic."""
    learners = ' and '.join(f'`{kind.node}`' for kind in LEARNERS)
    text = _TELEMETRY
    for title, kind in (('every node', Telemetry), (learners, LearnerTelemetry),
                        *((f'`{node}`', kind) for node, kind in KINDS.items())):
        parent = kind.__mro__[1]
        inherited = schema(parent).items if issubclass(parent, Telemetry) else ()
        text += ''.join(_field(title, item) for item in schema(kind).items
                        if item not in inherited)
    return text


def _field(title: str, item: Declared) -> str:
    name, bounds = f'`{item.wire}`', ''
    if item.type is str:
        name += ' (words)'
    elif item.type is dict:
        name = 'each signal'
    else:
        bounds = (f'{item.low:g} .. {item.high:g}' if isfinite(item.low + item.high) else
                  f'{item.low:g} ..' if isfinite(item.low) else '')
    return (f'| {title} | {name} | {bounds} | {item.unit} | {item.description} | '
            f'{item.unknown} |\n')


def _parameters(node: str) -> str:
    rows = ''.join(_row(item) for item in fields(config_class(node)))
    beside = '\nBeside the settings of its kind:\n' if node == names.BODY else ''
    return (f'\n### {node}\n{beside}\n'
            '| parameter | default | bounds | unit | runtime | meaning |\n'
            f'|---|---|---|---|---|---|\n{rows}')


def _row(item: Any) -> str:
    info = setting_of(item)
    default = list(item.default) if isinstance(item.default, tuple) else item.default
    if info.choices:
        bounds = ', '.join(repr(choice) for choice in info.choices)
    elif info.low is not None and info.high is not None:
        bounds = f'{info.low:g} .. {info.high:g}'
    else:
        bounds = ''
    return (f'| `{item.name}` | `{default!r}` | {bounds} | {info.unit} | '
            f'{"yes" if info.runtime else ""} | {info.description} |\n')


if __name__ == '__main__':
    sys.stdout.write(reference())
