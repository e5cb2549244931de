"""What System M makes of the worlds that System A tells."""

import time
from dataclasses import replace

import pytest

from abm_ros.common.telemetry import GraphTelemetry, SystemATelemetry
from abm_ros.meta.guards import GuardConfig, Guards
from abm_ros.meta.modes import Modes, Roles
from abm_ros.meta.world_watch import RestlessWorlds, WorldWatch, with_names

FIRST = SystemATelemetry(
    incarnation='a', world=0, worlds=1, world_age=9.0, change=0.0, doubt=0.0, worlds_opened=0,
    worlds_recalled=0, worlds_relearned=0, prediction_error=0.1)
OPENED = replace(FIRST, world=1, worlds=2, world_age=0.5, doubt=0.8, worlds_opened=1,
                 actuators='#1 answers with 0.5 of what it did')
JOINTS = 'shoulder elbow'


def test_names_stand_in_place_of_indices() -> None:
    assert with_names('#0, #1 turns the other way; #2 does not answer', JOINTS) == (
        'shoulder, elbow turns the other way; actuator 2 does not answer')


@pytest.mark.parametrize(('told', 'how'), [
    (FIRST, ''), (OPENED, 'opened'), (replace(FIRST, world=1, worlds_recalled=1), 'recalled'),
    (replace(FIRST, world=1, worlds_relearned=1), 'relearned'),
    (replace(FIRST, incarnation='b'), ''), (replace(FIRST, incarnation='b', world=2), 'resumed')])
def test_a_change_of_the_world_is_recorded_once(told: SystemATelemetry, how: str) -> None:
    watch = WorldWatch()
    assert watch.take(SystemATelemetry(), JOINTS) is None
    assert watch.take(FIRST, JOINTS) is None
    record = watch.take(told, JOINTS)
    assert (record or {}).get('how', '') == how
    assert watch.take(told, JOINTS) is None


def test_the_record_and_the_sentence_say_since_when_and_name_the_joint() -> None:
    now_s = [1e9 + 100.0]
    watch = WorldWatch(lambda: now_s[0])
    watch.take(FIRST, JOINTS)
    assert watch.sentence(JOINTS) == ''
    record = watch.take(OPENED, JOINTS)
    assert record == {
        'world': 1, 'before': 0, 'how': 'opened', 'worlds': 2, 'doubt': 0.8,
        'since': time.strftime('%H:%M:%S', time.localtime(1e9 + 99.5)), 'prediction_error': 0.1,
        'actuators': 'elbow answers with 0.5 of what it did'}
    since = time.strftime('%H:%M', time.localtime(1e9 + 99.5))
    assert 'is being learned' in watch.sentence(JOINTS)
    now_s[0] += 500.0
    watch.take(replace(OPENED, doubt=0.1), JOINTS)
    assert watch.sentence(JOINTS) == (
        f'Since {since} (world 1): elbow answers with 0.5 of what it did.')


def test_worlds_that_come_too_often_slow_the_robot_down() -> None:
    modes = Modes({'task': Roles(acts=True), 'freeze': Roles(safe=True)}, 'task')
    guards = Guards(GuardConfig(guard_worlds=3, guard_window_s=10.0), modes)
    capped = []
    for second in range(60):
        opened = min(second // 4, 5)        # 5 within 16 s: never 3 within 8 s, then one at 20 s
        told = replace(OPENED, worlds_opened=opened)
        guards.update({}, replace(GraphTelemetry(), system_a=told), 'task', float(second))
        capped.append(guards.ceilings.get('speed'))
    assert capped[:12] == [None] * 12
    assert capped[12] == 0.5                # the third within 8 s
    assert capped[40:] == [None] * 20


def test_a_system_a_that_was_started_anew_counts_from_nothing() -> None:
    watch = RestlessWorlds(2, 10.0)
    assert not watch.take(replace(OPENED, worlds_opened=1), 0.0)
    assert not watch.take(replace(FIRST, incarnation='b'), 1.0)
    assert watch.take(replace(OPENED, incarnation='b'), 2.0)
