"""What System M tells on `diagnostics`: each node, and itself."""

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from abm_ros.common import names
from abm_ros.meta.meta_control import Health
from abm_ros.nodes.effectors.conductor import Conductor


def statuses(health: Health, conductor: Conductor | None, now_s: float) -> list[DiagnosticStatus]:
    """Return one status per wired node, and System M's own once it is configured."""
    found = [_status(health, node, now_s) for node in names.WIRED_NODES]
    return found if conductor is None else [*found, _own_status(conductor)]


def _status(health: Health, node: str, now_s: float) -> DiagnosticStatus:
    alive, values = health.alive(node, now_s), health.values(node)
    level = DiagnosticStatus.OK if alive else DiagnosticStatus.STALE
    if alive and values.get('faults', 0.0) > 0:
        level = DiagnosticStatus.ERROR
    return DiagnosticStatus(
        level=level, name=f'abm_ros: {node}', hardware_id=node,
        message=health.state(node) if alive else 'no telemetry',
        values=[KeyValue(key=k, value=f'{v:.6g}') for k, v in values.items()])


def _own_status(conductor: Conductor) -> DiagnosticStatus:
    guards = conductor.control.guards
    fault = conductor.faults.fault
    level = DiagnosticStatus.WARN if fault else DiagnosticStatus.OK
    message = fault or conductor.mode or 'bringing up'
    if guards.tripped:
        level, message = DiagnosticStatus.ERROR, '; '.join(guards.tripped.values())
    return DiagnosticStatus(
        level=level, name=f'abm_ros: {names.SYSTEM_M}', hardware_id=names.SYSTEM_M,
        message=message, values=[KeyValue(key='somatic_budget', value=f'{guards.budget:.3f}')])
