"""When a gate is told again: after a second, and ever more rarely while it does not help."""

from abm_ros.meta.gate_watch import GateWatch


def told(shut, seconds: float, start_s: float = 0.0, watch: GateWatch | None = None):
    """Return when a watch wants the gate told, ten looks a second."""
    watch = watch or GateWatch()
    return [now_s for now_s in (start_s + 0.1 * i for i in range(round(10 * seconds)))
            if watch.overdue(shut(now_s), now_s)]


def test_a_gate_that_is_shut_for_a_second_is_told_and_a_shorter_time_is_nothing() -> None:
    assert 1.0 < told(lambda _: True, 2.0)[0] < 1.25
    assert told(lambda now_s: now_s % 1.0 < 0.85, 60.0) == []


def test_what_does_not_help_is_tried_ever_more_rarely_but_never_given_up() -> None:
    times = told(lambda _: True, 600.0)
    gaps = [after - before for before, after in zip([0.0, *times], times, strict=False)]
    assert [round(gap) for gap in gaps[:7]] == [1, 2, 4, 8, 16, 32, 60]
    assert max(gaps) < 61.0
    assert times[-1] > 540.0


def test_a_gate_that_opens_for_a_moment_each_time_is_not_told_more_often() -> None:
    """Two System Ms: the motors must not move for a moment every second."""
    watch, times, opened_s = GateWatch(), [], -9.0
    for tick in range(6000):
        now_s = 0.1 * tick
        if watch.overdue(now_s - opened_s > 0.25, now_s):
            times.append(now_s)
            opened_s = now_s
    assert len(times) < 16


def test_a_gate_that_was_fine_for_long_is_told_soon_again() -> None:
    watch = GateWatch()
    told(lambda _: True, 30.0, watch=watch)
    told(lambda _: False, 12.0, 30.0, watch)
    assert 1.0 < told(lambda _: True, 3.0, 42.0, watch)[0] - 42.0 < 1.25
