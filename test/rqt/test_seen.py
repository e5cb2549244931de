"""What the window keeps of what it heard; neither Qt nor ROS is needed."""

import pytest
from shown_states import Clock, audit, tell

from abm_ros.common.telemetry import SystemMTelemetry
from abm_ros.rqt.seen import HISTORY_S, SIGNALS_S, STALE_S, Seen


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def seen(clock) -> Seen:
    return Seen(clock, clock.wall)


def test_nothing_is_stale_before_anything_was_heard(seen, clock) -> None:
    assert not seen.view().ever_heard
    tell(seen)
    assert not seen.view().is_stale
    clock.now_s += STALE_S + 0.1
    assert seen.view().is_stale
    assert seen.view().ever_heard


def test_no_peak_is_lost_and_old_values_go(seen, clock) -> None:
    for step in range(1200):
        seen.system_m(SystemMTelemetry(signals={'pain': 0.9 if step == 1100 else 0.1}))
        clock.now_s += 0.1
    series = seen.view().series['pain']
    assert max(high for _, _, high in series) == 0.9
    assert min(low for _, low, _ in series) == 0.1
    assert series[-1][0] - series[0][0] <= SIGNALS_S
    assert len(series) <= 2 * SIGNALS_S


def test_modes_are_kept_as_stays_with_a_gap_while_system_m_is_away(seen, clock) -> None:
    for mode, ticks, away_s in (('task', 20, 0.0), ('play', 30, 60.0), ('play', 10, 0.0)):
        for _ in range(ticks):
            tell(seen, mode=mode)
            clock.now_s += 0.1
        clock.now_s += away_s
    stays = [(stay.mode, round(stay.until_s - stay.since_s)) for stay in seen.view().stays]
    assert stays == [('task', 2), ('play', 3), ('play', 1)]
    clock.now_s += HISTORY_S - 5.0
    tell(seen, mode='rest')
    assert [stay.mode for stay in seen.view().stays] == ['play', 'rest']    # the rest is too old


def test_what_was_before_the_window_opened_comes_from_the_audit_log(seen, clock) -> None:
    now_ns = clock.wall()
    for seq, kind, mode, ago_s in ((0, 'start', '', 60), (1, 'mode', 'task', 50),
                                   (2, 'modulate', 'task', 45), (3, 'mode', 'sleep', 30),
                                   (4, 'mode', 'play', 10)):
        audit(seen, seq, kind, 'text', now_ns - ago_s * 10 ** 9, mode)
    tell(seen, mode='play')
    view = seen.view()
    assert [(stay.mode, round(view.now_s - stay.since_s)) for stay in view.stays] == [
        ('task', 50), ('sleep', 30), ('play', 10)]
    assert round(view.in_mode_s) == 10


def test_a_record_that_comes_twice_is_kept_once_and_in_order(seen) -> None:
    for seq in (3, 1, 2, 3, 1):
        audit(seen, seq, 'mode', f'record {seq}', 10 ** 9 * seq)
    assert [record.seq for record in seen.view().records] == [1, 2, 3]


@pytest.mark.parametrize('text', ['', '{', '[]', '3', '{"seq": "x"}', 'version: 9'])
def test_what_cannot_be_read_is_left_out(seen, text) -> None:
    tell(seen)
    before = seen.view()
    for take in (seen.decision, seen.record, seen.phi):
        take(text)
    assert seen.view() == before


def test_thresholds_are_those_of_phi(seen) -> None:
    tell(seen)
    view = seen.view()
    assert [rule.text() for rule in view.thresholds('energy')] == ['energy below 0.15']
    assert view.thresholds('uncertainty') == []
