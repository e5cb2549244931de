"""Which nodes are not what the row says: told twice, and after they were wired."""

import pytest

from abm_ros.common import names
from abm_ros.common.telemetry import SystemATelemetry, SystemBTelemetry
from abm_ros.meta.health import Health
from abm_ros.meta.modes import Roles
from abm_ros.meta.row_watch import RowWatch, stray_text
from abm_ros.meta.wiring import NodeRow, Row

ROW = Row('task', Roles(acts=True), True, True, {
    'system_a': NodeRow(True, {}, {}), 'system_b': NodeRow(False, {}, {})})


def heard(*told, at_s: float) -> Health:
    health = Health(names.WIRED_NODES, 2.0)
    for one in told:
        health.take(one, at_s)
    return health


def test_a_node_that_is_told_twice_to_be_another_is_a_stray() -> None:
    watch = RowWatch()
    watch.wired(10.0)
    other = SystemATelemetry(state='inactive')
    assert watch.strays(ROW, heard(other, at_s=10.1)) == {}, 'it may be of before'
    assert watch.strays(ROW, heard(other, at_s=10.5)) == {}
    assert watch.strays(ROW, heard(other, at_s=10.5)) == {}, 'the same words again'
    assert watch.strays(ROW, heard(other, at_s=10.8)) == {'system_a': 'inactive'}
    assert stray_text({'system_a': 'inactive'}, ROW) == (
        'system_a is inactive, not active as mode task needs it: System M did not do that')
    watch.wired(11.0)
    assert watch.strays(ROW, heard(other, at_s=11.5)) == {}


@pytest.mark.parametrize(('state', 'stray'), [
    ('active', True), ('inactive', False), ('unconfigured', False), ('activating', False),
    ('', False)])
def test_a_node_that_need_not_act_may_be_anything_but_active(state, stray) -> None:
    watch = RowWatch()
    watch.wired(0.0)
    for at_s in (1.0, 2.0):
        found = watch.strays(ROW, heard(SystemBTelemetry(state=state), at_s=at_s))
    assert bool(found) is stray


def test_nothing_is_stray_before_anything_was_wired() -> None:
    watch = RowWatch()
    for at_s in (1.0, 2.0, 3.0):
        assert watch.strays(ROW, heard(SystemATelemetry(state='inactive'), at_s=at_s)) == {}
