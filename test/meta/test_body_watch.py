"""When the robot counts as missing, and what is said of it."""

from abm_ros.common.telemetry import MotorGateTelemetry
from abm_ros.meta.body_watch import BodyWatch

SILENT = MotorGateTelemetry(silent='/joint_states')
HEARD = MotorGateTelemetry()


def watch(offers: dict[str, str] | None = None) -> BodyWatch:
    known = offers if offers is not None else {}
    return BodyWatch(lambda topic: known.get(topic, 'nobody'), 2.0)


def test_a_short_silence_is_left_to_the_motor_gate() -> None:
    made = watch()
    assert made.trouble(SILENT, audible=True, now_s=0.0) == ''
    assert made.trouble(SILENT, audible=True, now_s=1.9) == ''
    assert made.trouble(HEARD, audible=True, now_s=2.0) == ''
    assert made.trouble(SILENT, audible=True, now_s=2.5) == ''
    assert made.trouble(SILENT, audible=True, now_s=4.5) == (
        'no body: nothing usable on /joint_states (nobody)')


def test_a_body_that_dies_while_the_senses_are_shut_is_missed_when_they_open() -> None:
    made = watch()
    assert made.trouble(SILENT, audible=False, now_s=0.0) == ''
    assert made.trouble(SILENT, audible=False, now_s=100.0) == ''
    assert made.trouble(SILENT, audible=True, now_s=100.1) != ''
    assert made.trouble(SILENT, audible=False, now_s=100.2) != '', 'until it is heard'
    assert made.trouble(HEARD, audible=False, now_s=100.3) == ''


def test_at_bring_up_it_is_missing_at_once_and_every_topic_is_named() -> None:
    made = watch({'/robot_description': 'tester offers volatile'})
    both = MotorGateTelemetry(silent='/robot_description /joint_states')
    assert made.give_up(both, 0.0) == (
        'no body: nothing usable on /robot_description (tester offers volatile); '
        '/joint_states (nobody)')
    assert made.trouble(both, audible=True, now_s=0.1) == made.give_up(both, 0.1)
    assert made.give_up(HEARD, 0.2) == ''


def test_who_publishes_is_looked_up_again_now_and_then() -> None:
    offers: dict[str, str] = {}
    made = watch(offers)
    made.give_up(SILENT, 0.0)
    offers['/joint_states'] = 'a driver'
    assert 'nobody' in made.trouble(SILENT, audible=True, now_s=1.0)
    assert 'a driver' in made.trouble(SILENT, audible=True, now_s=4.0)
