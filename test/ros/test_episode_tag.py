"""The tag of a simulated body's joint states, and frames that are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm_ros.ros.episode_tag import episode_tag, parse_episode_tag


@given(st.integers(0, 10**9), st.integers(0, 10**6))
def test_episode_tags(episode, step) -> None:
    assert parse_episode_tag(episode_tag(episode, step)) == (str(episode), step)


@pytest.mark.parametrize('frame', ['', 'base_link', 'episode/1', 'episode/x/1', 'episode/1/2/3',
                                   'episode/-1/2', ' episode/1/2', 'episode/1/2\n'])
def test_a_robots_frame_is_no_tag(frame) -> None:
    assert parse_episode_tag(frame) == ('', -1)
