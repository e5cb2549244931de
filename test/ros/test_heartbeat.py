"""Heartbeats: a round trip, and nothing else is taken for one."""

import pytest

pytest.importorskip('rclpy')

from hypothesis import given
from hypothesis import strategies as st

from abm_ros.common.errors import SpecError
from abm_ros.ros.heartbeat import Heartbeat


@given(st.from_regex(r'[0-9a-f]{12}', fullmatch=True), st.sampled_from(['play', 'freeze', '']),
       st.booleans())
def test_a_heartbeat_survives(incarnation, mode, motors_open) -> None:
    beat = Heartbeat(incarnation, mode, motors_open)
    assert Heartbeat.parse(beat.text()) == beat


def test_the_text_is_what_other_tools_may_rely_on() -> None:
    assert Heartbeat('ab12', 'task', True).text() == 'ab12/task/open'


@pytest.mark.parametrize('text', ['', '/', '//', '/task/open', 'a/task', 'a/task/', 'a/task/OPEN',
                                  'a/task/open/', 'a/task/opened', 'base_link', 'a\ttask\topen'])
def test_anything_else_is_refused(text) -> None:
    with pytest.raises(SpecError, match='heartbeat'):
        Heartbeat.parse(text)


@given(st.text(max_size=30))
def test_no_text_opens_by_accident(text) -> None:
    try:
        beat = Heartbeat.parse(text)
    except SpecError:
        return
    assert beat.motors_open == text.endswith('/open')
    assert beat.incarnation
