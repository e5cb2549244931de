"""The recorder: which action belongs to which observation, and where episodes end."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Observation
from abm_ros.memory.recorder import Recorder

SPEC = ObservationSpec((FieldSpec('x', 1), FieldSpec('goal', 1)), 'goal', 0.1, 1, 0.05, 50)


def seen(stamp: int, episode: int, step: int, goal: float = 9.0) -> Observation:
    return Observation(stamp, np.array([stamp, stamp], np.float32), np.array([goal], np.float32),
                       episode, step)


def act(recorder: Recorder, stamp: int):
    return recorder.executed(stamp, np.array([stamp / 100], np.float32))


def shown(steps):
    return [(s.episode, s.index, s.stamp_ns, None if s.action is None else s.stamp_ns)
            for s in steps]


def check_actions(steps) -> None:
    for step in steps:
        if step.action is not None:
            assert step.action[0] == np.float32(step.stamp_ns / 100)


def test_an_action_is_stored_with_the_observation_that_it_answers() -> None:
    recorder = Recorder(SPEC, 7)
    recorder.mode = 'task'
    assert recorder.observed(seen(1, 0, 0)) == []
    assert act(recorder, 1) == []
    first = recorder.observed(seen(2, 0, 1))
    assert shown(first) == [(7, 0, 1, 1)]
    check_actions(first)
    assert first[0].mode == 'task'
    assert recorder.observed(seen(3, 0, 2)) == []       # its action may still come
    late = act(recorder, 2)
    assert shown(late) == [(7, 1, 2, 2)]
    check_actions(late)


def test_a_corrected_step_is_the_teachers_in_an_episode_of_its_own_body() -> None:
    recorder = Recorder(SPEC, 7)
    recorder.mode = 'task'
    steps = []
    for n, teacher in enumerate(('', 'ann', 'ann', '')):
        steps += recorder.observed(seen(n + 1, 0, n))
        steps += recorder.executed(n + 1, np.zeros(1, np.float32), teacher)
    steps += recorder.cut()
    assert [(s.episode, s.index, s.mode, s.provenance) for s in steps] == [
        (7, 0, 'task', 'self'), (7, 1, 'correct:ann', 'teacher'),
        (7, 2, 'correct:ann', 'teacher'), (7, 3, 'task', 'self')]


def test_actions_may_all_come_before_their_observations() -> None:
    """A record that takes long to open finds both streams queued, in no common order."""
    recorder, count = Recorder(SPEC, 0), 200
    for i in range(count):
        act(recorder, i + 1)
    steps = [s for i in range(count) for s in recorder.observed(seen(i + 1, 0, i))]
    assert [s.stamp_ns for s in steps if s.action is not None] == [*range(1, count)]
    check_actions(steps)


def test_observations_may_come_well_before_their_actions() -> None:
    recorder, count = Recorder(SPEC, 0), 20
    for i in range(count):
        assert recorder.observed(seen(i + 1, 0, i)) == []
    steps = [s for i in range(count) for s in act(recorder, i + 1)]
    assert [s.stamp_ns for s in steps if s.action is not None] == [*range(1, count)]
    check_actions(steps)


def test_an_action_that_is_passed_over_was_never_executed() -> None:
    recorder = Recorder(SPEC, 0)
    for i in range(3):
        recorder.observed(seen(i + 1, 0, i))
    steps = act(recorder, 2)
    assert [(s.stamp_ns, s.action) for s in steps] == [(1, None), (2, np.float32(0.02))]


def test_observations_without_any_action_are_lived_all_the_same() -> None:
    recorder = Recorder(SPEC, 0)
    steps = [s for i in range(60) for s in recorder.observed(seen(i + 1, 0, i))]
    assert [(s.stamp_ns, s.action) for s in steps] == [(i + 1, None) for i in range(40)]


def test_no_transition_is_stored_across_a_reset() -> None:
    recorder = Recorder(SPEC, 0)
    recorder.observed(seen(1, 0, 0))
    act(recorder, 1)
    recorder.observed(seen(2, 0, 1))
    act(recorder, 2)        # the command that led out of the episode
    steps = recorder.observed(seen(3, 1, 0))
    assert shown(steps) == [(0, 1, 2, None)]
    recorder.observed(seen(4, 1, 1))
    assert shown(act(recorder, 3)) == [(1, 0, 3, 3)]


def test_a_lost_observation_ends_the_episode() -> None:
    recorder = Recorder(SPEC, 0)
    recorder.observed(seen(1, 0, 0))
    act(recorder, 1)
    assert shown(recorder.observed(seen(3, 0, 2))) == [(0, 0, 1, None)]


def test_a_cut_ends_the_episode_and_what_follows_is_another() -> None:
    recorder = Recorder(SPEC, 0)
    recorder.observed(seen(1, 0, 0))
    act(recorder, 1)
    assert shown(recorder.cut()) == [(0, 0, 1, None)]
    recorder.observed(seen(2, 0, 1))
    act(recorder, 2)
    assert shown(recorder.observed(seen(3, 0, 2))) == [(1, 0, 2, 2)]


def test_an_observation_that_comes_twice_or_late_is_not_lived_twice() -> None:
    recorder = Recorder(SPEC, 0)
    recorder.observed(seen(5, 0, 0))
    assert recorder.observed(seen(5, 0, 0)) == []
    assert recorder.observed(seen(4, 0, 0)) == []
    assert [s.stamp_ns for s in recorder.cut()] == [5]


def test_success_is_the_distance_to_the_goal() -> None:
    recorder = Recorder(SPEC, 0)
    recorder.observed(seen(1, 0, 0, goal=1.09))
    recorder.observed(seen(2, 0, 1, goal=2.2))
    assert [s.success for s in recorder.cut()] == [True, False]


def test_what_waits_for_actions_is_cut_into_its_episodes() -> None:
    recorder = Recorder(SPEC, 0)
    for i in range(3):
        recorder.observed(seen(i + 1, 0, i))
    recorder.observed(seen(4, 1, 0))
    assert [(s.episode, s.index) for s in recorder.cut()] == [(0, 0), (0, 1), (0, 2), (1, 0)]


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), max_size=60))
def test_every_observation_is_lived_once_in_order(events) -> None:
    """Events: how many steps are lost before the next, whether an episode begins, and acts."""
    recorder, steps = Recorder(SPEC, 3), []
    episode, step, stamps, links = 0, -1, [], {}
    for stamp, (lost, begins, acts) in enumerate(events, 1):
        episode, step = (episode + 1, 0) if begins else (episode, step + 1 + (lost == 3))
        stamps.append(stamp)
        links[stamp] = not begins and lost != 3
        steps += recorder.observed(seen(stamp, episode, step))
        if acts:
            steps += act(recorder, stamp)
    steps += recorder.cut()
    assert [s.stamp_ns for s in steps] == stamps
    check_actions(steps)
    acted = {stamp for stamp, event in zip(stamps, events, strict=True) if event[2]}
    # With its action and its successor there, every transition is kept, and none across a gap.
    wanted = {s for s in acted if links.get(s + 1)}
    assert {s.stamp_ns for s in steps if s.action is not None} == wanted
    for before, after in pairwise(steps):
        same = links[after.stamp_ns]
        assert (after.episode, after.index) == (
            (before.episode, before.index + 1) if same else (before.episode + 1, 0))


def lap(recorder: Recorder, episode: int, stamps, *, actions_first: bool):
    steps = []
    for step, stamp in enumerate(stamps):
        for action in (actions_first, not actions_first):
            steps += (act(recorder, stamp) if action
                      else recorder.observed(seen(stamp, episode, step)))
    return steps


@given(st.lists(st.booleans(), min_size=2, max_size=4))
def test_a_clock_that_is_set_back_ends_an_episode_and_loses_nothing(orders) -> None:
    """A simulator that is reset gives the same stamps again."""
    recorder = Recorder(SPEC, 0)
    steps = [step for episode, first in enumerate(orders)
             for step in lap(recorder, episode, range(10, 16), actions_first=first)]
    steps += recorder.cut()
    assert [(s.episode, s.index, s.stamp_ns) for s in steps] == [
        (episode, index, 10 + index) for episode in range(len(orders)) for index in range(6)]
    check_actions(steps)
    assert all(s.action is not None for s in steps if s.index < 5 and s.index > 0)
    assert all(s.action is None for s in steps if s.index == 5)


def test_no_action_of_before_answers_an_observation_of_after() -> None:
    recorder = Recorder(SPEC, 0)
    steps = lap(recorder, 0, range(10, 16), actions_first=False)
    for step, stamp in enumerate(range(10, 16)):            # and the gate is shut
        steps += recorder.observed(seen(stamp, 1, step))
    steps += recorder.cut()
    assert [s.action is not None for s in steps] == [True] * 5 + [False] * 7


def lived(spec: ObservationSpec, *observations: Observation) -> list:
    recorder = Recorder(spec, 0)
    steps = [s for observation in observations for s in recorder.observed(observation)]
    return steps + recorder.cut()


def test_what_the_task_tells_goes_before_the_distance() -> None:
    near, far = seen(1, 0, 0, goal=1.0), seen(2, 0, 1)
    steps = lived(SPEC, near, far._replace(success=True, reward=0.5),
                  seen(3, 0, 2, goal=3.0)._replace(success=False))
    assert [(s.success, s.told) for s in steps] == [(True, False), (True, True), (False, True)]
    assert steps[1].reward == 0.5
    assert np.isnan(steps[0].reward)


def test_where_only_what_is_told_counts_no_distance_does() -> None:
    told = replace(SPEC, told=True)
    assert not lived(told, seen(1, 0, 0, goal=1.0))[0].success
    assert lived(told, seen(1, 0, 0)._replace(success=True))[0].success
