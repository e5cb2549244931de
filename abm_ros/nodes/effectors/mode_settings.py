"""The settings of a mode beside its wires: modulations, motion envelope, readers."""

from dataclasses import replace
from typing import Any

from abm_ros.common import names
from abm_ros.meta.phi import Modulation
from abm_ros.meta.wiring import NodeRow, Row
from abm_ros.ros.ports import PORTS, SUBSCRIBE

_SLOWEST = 0.01      # the least that the motor gate takes
# The node and the parameter that each modulation sets.
MODULATED = {
    'plasticity_a': ((names.SYSTEM_A_LEARNER,), 'plasticity'),
    'plasticity_b': ((names.SYSTEM_B_LEARNER,), 'plasticity'),
    'exploration': ((names.SYSTEM_B,), 'exploration'),
    'goal_weight': ((names.SYSTEM_B,), 'goal_weight'),
    'intrinsic_weight': ((names.SYSTEM_B,), 'intrinsic_weight'),
    'replay': ((names.SYSTEM_A_LEARNER, names.SYSTEM_B_LEARNER), 'pick'),
}


def modulation_settings(modulation: Modulation, speed_limit: float) -> dict[str, dict[str, Any]]:
    """
    Return the parameters of a modulation, for each node.

    :param speed_limit: the constraints' motion envelope.
    """
    values: dict[str, dict[str, Any]] = {}
    for name, (nodes, parameter) in MODULATED.items():
        for node in nodes:
            values.setdefault(node, {})[parameter] = getattr(modulation, name)
    values[names.MOTOR_GATE] = {'speed_limit': max(speed_limit * modulation.speed, _SLOWEST)}
    return values


def with_settings(row: Row, modulation: Modulation, incarnation: str,
                  speed_limit: float, trusted: str = '') -> dict[str, NodeRow]:
    """
    Return the row's nodes with these settings added, so that one step sets everything.

    :param incarnation: of the System M whose heartbeats open the motor gate.
    :param speed_limit: the constraints' motion envelope.
    :param trusted: the text of trust in teachers.
    """
    settings = modulation_settings(modulation, speed_limit)
    settings[names.MOTOR_GATE]['incarnation'] = incarnation
    settings[names.EPISODIC_MEMORY] = {'mode': row.mode, 'upkeep': row.roles.restful,
                                       'trusted': trusted}
    settings[names.SENSORY_GATE] = {'watches': row.roles.watches, 'trusted': trusted}
    for node, port in ((names.SENSORY_GATE, 'observation'), (names.MOTOR_GATE, 'executed')):
        settings.setdefault(node, {})['readers'] = _readers(row, node, port) or ['']
    return {name: replace(node, params={**node.params, **settings.get(name, {})})
            for name, node in row.nodes.items()}


def _readers(row: Row, writer: str, port: str) -> list[str]:
    """Return the nodes that read a node's port in this mode."""
    topic = row.nodes[writer].ports.get(port)
    return [name for name, node in row.nodes.items() if node.active and topic and any(
        node.ports.get(p.name) == topic for p in PORTS[name] if p.direction == SUBSCRIBE)]
