"""What `diagnostics` tells: what is wrong, in words, and what an operator looks for."""

from types import SimpleNamespace

import pytest

pytest.importorskip('rclpy')

from diagnostic_msgs.msg import DiagnosticStatus

from abm_ros.common import names
from abm_ros.common.telemetry import (
    KINDS,
    EpisodicMemoryTelemetry,
    MotorGateTelemetry,
    SensoryGateTelemetry,
    SystemBTelemetry,
    SystemMTelemetry,
)
from abm_ros.common.telemetry_fields import schema
from abm_ros.meta.health import Health
from abm_ros.nodes.effectors.diagnostics import SHOWN, SHOWN_OF_ALL, statuses


def status(*told, now_s: float = 1.0, conductor=None) -> DiagnosticStatus:
    """Return the status of the node that told last."""
    health = Health(names.WIRED_NODES, 2.0)
    for one in told:
        health.take(one, 1.0)
    found = {status.hardware_id: status for status in statuses(health, conductor, now_s)}
    return found[names.SYSTEM_M if conductor else told[-1].node]


def values(given: DiagnosticStatus) -> dict[str, str]:
    return {pair.key: pair.value for pair in given.values}


def test_what_is_shown_is_a_number_that_the_node_tells() -> None:
    assert set(SHOWN) == set(names.WIRED_NODES)
    for node, shown in SHOWN.items():
        numbers = {item.name for item in schema(KINDS[node]).numbers.values()}
        assert numbers >= {*shown, *SHOWN_OF_ALL}


def test_a_node_shows_what_is_known_of_it() -> None:
    found = status(SystemBTelemetry(episodes=3, version=-1, refused=0, state='active'))
    assert (found.level, found.message) == (DiagnosticStatus.OK, 'active')
    assert values(found) == {'episodes': '3', 'version': '-1', 'refused': '0'}


def test_a_count_is_shown_to_its_last_digit() -> None:
    found = status(EpisodicMemoryTelemetry(acknowledged=16_777_217))
    assert values(found)['acknowledged'] == '16777217'


def test_what_detectors_of_other_packages_found_is_shown() -> None:
    found = status(SensoryGateTelemetry(findings={'smoke': 0.123456789}))
    assert values(found) == {'smoke': '0.123457'}


@pytest.mark.parametrize(('told', 'now_s', 'level', 'message'), [
    (SensoryGateTelemetry(described=0, state='active'), 1.0, DiagnosticStatus.WARN,
     'active: no robot description yet'),
    (SensoryGateTelemetry(described=1, trouble='a goal in no frame', state='active'), 1.0,
     DiagnosticStatus.WARN, 'active: a goal in no frame'),
    (SensoryGateTelemetry(described=1, state='active'), 1.0, DiagnosticStatus.OK, 'active'),
    (EpisodicMemoryTelemetry(trouble=1, trouble_reason='the disk is full', damaged_chunks=2,
                             state='active'), 1.0, DiagnosticStatus.WARN,
     'active: the disk is full; 2 chunks of the record are damaged'),
    (SystemBTelemetry(faults=1, state='active'), 1.0, DiagnosticStatus.ERROR, 'active'),
    (SystemBTelemetry(state='active'), 9.0, DiagnosticStatus.STALE, 'no telemetry')])
def test_what_is_wrong_is_told_in_words(told, now_s, level, message) -> None:
    found = status(told, now_s=now_s)
    assert (found.level, found.message) == (level, message)


def conductor(fault: str = '', news: str = '', *, waits: bool = False) -> SimpleNamespace:
    return SimpleNamespace(
        control=SimpleNamespace(guards=SimpleNamespace(tripped={}, budget=1.0)),
        faults=SimpleNamespace(fault=fault, news=lambda _: news, waits_for_others=waits),
        mode='task', telemetry=lambda: SystemMTelemetry(
            switches=2, degraded=0, gate_shut_ms=3, full_ms=7, signals={'of_another': 0.25}))


def test_system_m_shows_its_rewiring_and_every_signal() -> None:
    found = status(conductor=conductor())
    assert (found.level, found.message) == (DiagnosticStatus.OK, 'task')
    assert values(found) == {'somatic_budget': '1', 'switches': '2', 'degraded': '0',
                             'gate_shut_ms': '3', 'full_ms': '7', 'of_another': '0.25'}


@pytest.mark.parametrize(('given', 'level'), [
    (('no body', 'no body', True), DiagnosticStatus.ERROR),
    (('system_b restarted', 'system_b restarted', False), DiagnosticStatus.WARN),
    (('', 'repaired after: system_b restarted', False), DiagnosticStatus.WARN)])
def test_a_fault_that_others_must_mend_is_an_error(given, level) -> None:
    fault, news, waits = given
    found = status(conductor=conductor(fault, news, waits=waits))
    assert (found.level, found.message) == (level, news)


def test_the_gate_names_what_it_does_not_hear() -> None:
    found = status(MotorGateTelemetry(state='inactive', silent='/joint_states'))
    assert found.level == DiagnosticStatus.WARN
    assert found.message == 'inactive: nothing usable on /joint_states'
