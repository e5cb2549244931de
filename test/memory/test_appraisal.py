"""Novelty and surprise against brute force, with a model that can be followed by hand."""

import math

import numpy as np
import pytest
from lived_steps import filled, life

from abm_ros.common.errors import ConfigError
from abm_ros.memory.appraisal import AppraisalConfig, Appraiser, Transitions, draw, read


class Linear:
    """Its latent is the observation times 2; its error is what the action says, of change 4."""

    version = 7

    def encode(self, observation: np.ndarray) -> np.ndarray:
        return 2.0 * observation

    def perceive(self, observation: np.ndarray, previous: np.ndarray, action: np.ndarray
                 ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        assert observation.shape == previous.shape
        error = np.stack([action[:, 0], np.full(len(action), 4.0)], axis=1)
        return 2.0 * observation, error, np.zeros(len(action))


def transitions(count: int, seed: int = 0) -> Transitions:
    rng = np.random.default_rng(seed)
    return Transitions(np.arange(count), rng.normal(size=(count, 3)).astype(np.float32),
                       rng.uniform(0, 8, (count, 1)).astype(np.float32),
                       rng.normal(size=(count, 3)).astype(np.float32))


def distance(points: np.ndarray, query: np.ndarray, neighbours: int, skip: int = 0) -> float:
    near = np.sort(np.linalg.norm(points - query, axis=1))
    return float(near[skip:skip + neighbours].mean())


def test_novelty_is_the_relative_distance_to_the_nearest_neighbours() -> None:
    given = transitions(60)
    appraiser = Appraiser(Linear(), iter([given]), 5)          # type: ignore[arg-type]
    points = 2.0 * given.after
    own = np.array([distance(points, p, 5, skip=1) for p in points])
    usual = np.median(own)
    np.testing.assert_allclose(appraiser.appraised.novelty, own / (own + usual), rtol=1e-5)
    for query in np.random.default_rng(1).normal(size=(10, 3)).astype(np.float32):
        away = distance(points, 2.0 * query, 5)
        assert appraiser.novelty(query) == pytest.approx(away / (away + usual), rel=1e-5)
    assert np.median(appraiser.appraised.novelty) == pytest.approx(0.5, abs=0.01)
    assert appraiser.novelty(np.full(3, 1e4, np.float32)) > 0.999


def test_what_was_seen_often_is_not_novel() -> None:
    given = transitions(40)
    often = given._replace(after=np.concatenate([given.after[:30], np.zeros((10, 3))]).astype(
        np.float32))
    appraiser = Appraiser(Linear(), iter([often]), 5)          # type: ignore[arg-type]
    assert appraiser.novelty(np.zeros(3, np.float32)) == 0.0


def test_surprise_is_the_error_relative_to_the_usual_change() -> None:
    given = transitions(20)
    appraiser = Appraiser(Linear(), iter([given]), 5)          # type: ignore[arg-type]
    np.testing.assert_allclose(appraiser.appraised.surprise, given.action[:, 0] / 4.0, rtol=1e-6)
    assert appraiser.surprise(given.before[0], np.array([6.0], np.float32), given.after[0]
                              ) == pytest.approx(1.5)


def test_too_little_says_nothing() -> None:
    appraiser = Appraiser(Linear(), iter([transitions(1)]), 5)   # type: ignore[arg-type]
    assert math.isnan(appraiser.novelty(np.zeros(3, np.float32)))
    assert Appraiser(Linear(), iter(()), 5).appraised.step.size == 0  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match='library'):
        AppraisalConfig(library=1)


def test_transitions_are_read_with_what_followed() -> None:
    index = filled(life([60, 5, 80]), 1000)
    step = draw(index, np.random.default_rng(0), 10_000)
    assert step.tolist() == [s for s in range(145) if s not in (59, 64, 144)]
    seen = [chunk() for chunk in read(index, step)]
    for part in seen:
        np.testing.assert_array_equal(part.before[:, 0] - 1, part.step)
        np.testing.assert_array_equal(part.after[:, 0] - 2, part.step)
        np.testing.assert_array_equal(part.action[:, 0] - 1.5, part.step)
    assert sum(len(part.step) for part in seen) == len(step)


def test_what_is_overwritten_meanwhile_is_left_out() -> None:
    steps = life([200])
    index = filled(steps[:100], 100)
    chunks = read(index, draw(index, np.random.default_rng(0), 1000))
    for step in steps[100:150]:
        index.append(step)
    seen = np.concatenate([chunk().step for chunk in chunks])
    assert seen.tolist() == list(range(50, 99))
