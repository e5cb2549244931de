"""A reading that is off: which one, by how much, and what is not taken for it."""

import numpy as np
import pytest

from abm_ros.world_model.worlds.actuator_map import ActuatorMap, Outcome
from abm_ros.world_model.worlds.config import WorldsConfig
from abm_ros.world_model.worlds.readings import ReadingBank
from abm_ros.world_model.worlds.tracker import WorldTracker

JOINTS, GAIN, NOISE = 3, 0.3, 0.01
DOUBTFUL = np.array([1.0, 1.0, 1.0, 0.0, 0.0])      # the joints, not the tool


def tool(joints: np.ndarray) -> np.ndarray:
    """Two links in a plane; the third joint turns the base link a bit."""
    first = joints[..., 0] + 0.3 * joints[..., 2]
    both = first + joints[..., 1]
    return np.stack([np.cos(first) + np.cos(both), np.sin(first) + np.sin(both)], -1)


def predict(starts: np.ndarray, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The exact model: it believes what the joints read."""
    joints = starts[..., :JOINTS] + GAIN * actions
    return np.concatenate([joints, tool(joints)], -1), np.full(len(actions), 0.05)


def live(tracker: WorldTracker, rng: np.random.Generator, steps: int, offset: np.ndarray) -> list:
    beliefs, joints = [], rng.uniform(-1, 1, JOINTS)
    for _ in range(steps):
        action = rng.uniform(-1, 1, JOINTS)
        after = np.clip(joints + GAIN * action, -1.5, 1.5)
        action = (after - joints) / GAIN
        seen = [np.concatenate([q + offset, tool(q)]) for q in (joints, after)]
        noise = NOISE * rng.normal(size=len(DOUBTFUL))
        beliefs.append(tracker.observe(predict, seen[0], action, seen[1] + noise))
        joints = after
    return beliefs


@pytest.mark.parametrize('joint', range(2))
@pytest.mark.parametrize('size', [0.3, -0.2])
def test_a_joint_that_is_off_is_found_and_told_from_the_others(joint: int, size: float) -> None:
    rng, worlds = np.random.default_rng(joint), WorldTracker(WorldsConfig(), JOINTS, DOUBTFUL)
    assert {b.world for b in live(worlds, rng, 200, np.zeros(JOINTS))} == {0}
    offset = np.zeros(JOINTS)
    offset[joint] = size
    beliefs = live(worlds, rng, 40, offset)
    assert next(i for i, b in enumerate(beliefs) if b.world == 1) < 20
    np.testing.assert_allclose(worlds.map.offset, [*offset, 0, 0], atol=0.03)
    assert worlds.map.is_identity        # what actions do is not blamed for it
    back = live(worlds, rng, 40, np.zeros(JOINTS))
    assert back[-1].world == 0


def test_evidence_and_offset_are_those_of_a_gaussian_by_hand() -> None:
    """Of one number: the posterior of a mean, whose variance falls by the precision of each."""
    bank = ReadingBank(np.array([4.0]))
    shown = [1.0, 0.6, 1.4]
    for error in shown:
        bank.observe(Outcome(np.array([error]), np.ones((1, 1)), np.eye(1), np.eye(1)),
                     np.array([0]), 1e9, lambda told, _: told)
    precision = 1 / 4.0 + 3
    assert bank.offset[0] == pytest.approx(sum(shown) / precision)
    assert bank.variance[0] == pytest.approx(1 / precision)
    cov = np.eye(3) + 4.0
    expected = -0.5 * (np.array(shown) @ np.linalg.solve(cov, shown)) - 0.5 * np.log(
        np.linalg.det(cov))
    assert bank.evidence[0] == pytest.approx(expected, abs=1e-4)


def test_readings_lose_their_offset() -> None:
    known = ActuatorMap(np.zeros((1, 2)), np.zeros((4, 4)), np.array([0.3, 0.0]))
    np.testing.assert_allclose(known.true(np.array([[1.0, 2.0]], np.float32)), [[0.7, 2.0]])
