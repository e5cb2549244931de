"""The figures of a life, by hand."""

import json

import pytest

from abm_ros.lives.lived import Episodes, Lived


def test_episodes_and_the_area_under_success() -> None:
    """Ten steps: an episode of 4 that fails, one of 2 that wins, one of 4 cut short, won."""
    episodes = Episodes()
    states = [(0, False)] * 4 + [(1, False), (1, True)] + [(2, False), (2, True), (2, False),
                                                         (2, False)]
    began: set[int] = set()
    for number, (episode, reached) in enumerate(states):
        episodes.take(number, episode, reached=reached, begins=episode not in began)
        began.add(episode)
    episodes.end(9)
    assert episodes.over == [(0, 3, False), (4, 5, True), (6, 9, True)]
    lived = Lived(0, 10, episodes.over, [(0, 'task'), (4, 'sleep'), (6, 'task')])
    assert lived.area == pytest.approx(0.6)
    assert lived.share_of('task') == pytest.approx(0.8)
    assert lived.share_of('sleep') == pytest.approx(0.2)


def test_a_goal_that_is_met_as_the_episode_begins_does_not_count() -> None:
    episodes = Episodes()
    episodes.take(0, 0, reached=True, begins=True)
    episodes.take(1, 0, reached=False, begins=False)
    episodes.end(1)
    assert episodes.over == [(0, 1, False)]


def test_it_survives_json() -> None:
    lived = Lived(3, 5, [(0, 4, True)], [(0, 'task')], [(2, 1)], 1, 2, 0.25, 30)
    assert Lived.from_json(json.loads(json.dumps(lived.to_json()))) == lived
