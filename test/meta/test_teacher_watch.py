"""Trust in teachers, from what memory tells of them."""

import pytest

from abm_ros.common.telemetry import EpisodicMemoryTelemetry, SensoryGateTelemetry
from abm_ros.common.trust import DISTRUST, read_trust, trust_text
from abm_ros.meta.teacher_watch import TeacherWatch, trust_record_text


def told(**teachers: float) -> EpisodicMemoryTelemetry:
    return EpisodicMemoryTelemetry(teachers=teachers)


def test_trust_is_the_mean_of_a_beta_posterior() -> None:
    watch = TeacherWatch()
    assert watch.take(told()) == []
    assert watch.sentence() == ''
    assert watch.take(told(ann_held=0, ann_refuted=0)) == []    # somebody new
    assert watch.trusted == {'ann': 0.5}
    later, = watch.take(told(ann_held=3, ann_refuted=1))
    assert later == {'teacher': 'ann', 'before': 0.5, 'trust': 0.6667, 'held': 3, 'refuted': 1}
    assert watch.take(told(ann_held=3, ann_refuted=1)) == []
    assert '0.50 -> 0.67' in trust_record_text(later)


def test_a_teacher_who_always_lies_is_lost_within_five() -> None:
    watch, lies = TeacherWatch(), 0
    while watch.trusted.get('mallory', 1.0) >= DISTRUST:
        lies += 1
        watch.take(told(mallory_held=0, mallory_refuted=lies))
    assert lies <= 5
    assert 'mallory 0.20 (not learned from)' in watch.sentence()


def test_refusals_are_told_once() -> None:
    watch = TeacherWatch()
    gate = SensoryGateTelemetry(demonstrations_refused=1, teaching_trouble='too fast')
    assert watch.refusals(gate, told()) == [
        {'by': 'sensory_gate', 'refused': 1, 'why': 'too fast'}]
    assert watch.refusals(gate, told()) == []
    assert 'too fast' in watch.sentence()


def test_the_setting_tells_what_it_was_made_from() -> None:
    assert read_trust(trust_text({'b': 0.25, 'a': 2 / 3})) == pytest.approx(
        {'a': 2 / 3, 'b': 0.25}, abs=1e-3)
    assert read_trust('nobody a=x b=7') == {'b': 1.0}
