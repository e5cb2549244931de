"""Who is heard, and what was heard last."""

from math import isnan

from abm_ros.common.telemetry import (
    SystemALearnerTelemetry,
    SystemATelemetry,
    SystemBTelemetry,
)
from abm_ros.meta.health import Health


def test_it_knows_who_is_heard() -> None:
    health = Health(('system_a', 'system_b'), 2.0)
    assert health.lost(0.0) == ['system_a', 'system_b']
    health.take(SystemATelemetry(latents=1.0, state='active', incarnation='i'), 1.0)
    assert health.lost(3.0) == ['system_b']
    assert health.lost(3.01) == ['system_a', 'system_b']
    told = health.of('system_a')
    assert (told.state, told.incarnation, health.of('system_b').state) == ('active', 'i', '')


def test_a_second_process_of_a_node_is_passed_over_until_it_is_active() -> None:
    health = Health(['system_a'], 2.0)
    health.take(SystemATelemetry(latents=1.0, state='active', incarnation='i'), 1.0)
    health.take(SystemATelemetry(latents=9.0, state='unconfigured', incarnation='j'), 1.5)
    assert health.of('system_a').incarnation == 'i'
    assert health.heard_s('system_a') == 1.0
    health.take(SystemATelemetry(latents=9.0, state='active', incarnation='j'), 1.6)
    assert health.of('system_a').incarnation == 'j'


def test_a_restarted_node_is_taken_after_its_pause() -> None:
    health = Health(['system_a'], 2.0)
    health.take(SystemATelemetry(state='active', incarnation='i'), 1.0)
    health.take(SystemATelemetry(state='unconfigured', incarnation='j'), 3.5)
    told = health.of('system_a')
    assert (told.state, told.incarnation, health.heard_s('system_a')) == ('unconfigured', 'j', 3.5)


def test_a_learner_whose_process_runs_is_busy_for_a_while() -> None:
    running = {'here 7'}
    health = Health(['system_a', 'system_a_learner'], 2.0, running.__contains__)
    for told in (SystemATelemetry(process='here 7'), SystemALearnerTelemetry(process='here 7')):
        health.take(told, 1.0)
    assert health.lost(4.0) == health.copy().lost(4.0) == ['system_a']
    assert health.lost(12.0) == ['system_a', 'system_a_learner']
    running.clear()
    assert health.lost(4.0) == ['system_a', 'system_a_learner']


def test_a_copy_stays_as_it_was() -> None:
    health = Health(('system_a', 'system_b'), 2.0)
    health.take(SystemATelemetry(latents=1.0), 1.0)
    copy = health.copy()
    health.take(SystemATelemetry(latents=2.0), 4.0)
    health.take(SystemBTelemetry(episodes=3.0), 4.0)
    assert copy.telemetry.system_a.latents == 1.0
    assert isnan(copy.telemetry.system_b.episodes)
    assert copy.lost(4.0) == ['system_a', 'system_b']
    assert health.telemetry.system_a.latents == 2.0
