"""A goal asked by a person: in a linear world, what is imagined is what is executed."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from tiny_bodies import LinearSystem, trained

from abm_ros.agent.foresight import Foresight, asked_goal, check_models, executed
from abm_ros.agent.life import Acting, Life
from abm_ros.common.errors import NonFiniteError, SnapshotError, SpecError
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Observation
from abm_ros.policy.controller import ControllerConfig

GOAL = np.array([0.9, -0.6], np.float32)


class LinearLife:
    """Lives in a linear system whose task asks for another goal."""

    def __init__(self, system: LinearSystem, horizon: int) -> None:
        self.spec, self._gain, self._horizon = system.spec, system.gain, horizon

    def live(self, agent: Acting) -> Iterator[Any]:
        for episode in range(9):
            place = np.zeros(self.spec.size, np.float32)
            for step in range(self._horizon + 1):
                seen = Observation(step, place, np.full(2, 5.0, np.float32), episode, step)
                place = (place + agent.act(seen) @ self._gain).astype(np.float32)
                yield SimpleNamespace(observation=seen)


def test_what_is_imagined_is_what_is_executed_where_the_model_is_good() -> None:
    system, a, b = trained()
    life = cast(Life, LinearLife(system, 20))
    start, lived = executed((a, b), ControllerConfig(), life, GOAL, 20)
    dreamt = Foresight((a, b), ControllerConfig()).path(start, GOAL, 20)
    for path in (lived, dreamt):
        end = path.reached_at(system.spec, GOAL)
        assert end == len(path.achieved) - 1 > 2        # it ends where it arrives
        assert path.distances(GOAL)[0] == pytest.approx(np.linalg.norm(GOAL))
        assert path.distances(GOAL)[-1] <= system.spec.goal_tolerance
    common = min(len(lived.achieved), len(dreamt.achieved))
    gap = np.array(lived.achieved[:common]) - np.array(dreamt.achieved[:common])
    assert np.abs(gap).max() < 0.3 * np.linalg.norm(GOAL)
    assert len(dreamt.doubt) == len(dreamt.achieved)


def test_a_path_ends_with_its_episode_and_after_its_steps() -> None:
    system, a, b = trained()
    far, few = np.array([90.0, 0.0], np.float32), ControllerConfig(enabled=False)
    for horizon, steps, expected in ((3, 10, 4), (10, 3, 4)):
        life = cast(Life, LinearLife(system, horizon))
        start, path = executed((a, b), few, life, far, steps)
        assert len(path.achieved) == expected
        assert path.reached_at(system.spec, far) is None
    assert len(Foresight((a, b), few).path(start, far, 3).achieved) == 4


def test_what_cannot_be_asked_for_is_refused() -> None:
    spec = trained()[0].spec
    for goal, error, says in (((1.0,), SpecError, 'of 2 numbers, got 1'),
                              ((1.0, np.inf), NonFiniteError, 'finite')):
        with pytest.raises(error, match=says):
            asked_goal(spec, goal)
    with pytest.raises(SpecError, match='no place'):
        asked_goal(replace(spec, told=True), (1.0, 2.0))


def test_models_of_another_body_or_life_or_that_learned_nothing_are_refused() -> None:
    system, a, b = trained()
    check_models((a, b), system.spec)
    other = ObservationSpec((FieldSpec('goal', 2),), 'goal', 0.1, 3, 0.05, 20)
    for models, spec, says in (
            ((a, b), other, r'observes goal \(2\), rest \(4\), this body goal \(2\)'),
            ((replace(a, version=0), b), system.spec, 'system_a has not learned'),
            ((replace(a, lineage='0' * 16), b), system.spec, 'from one run')):
        with pytest.raises(SnapshotError, match=says):
            check_models(models, spec)
