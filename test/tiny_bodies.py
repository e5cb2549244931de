"""Bodies for the tests of learning, whose dynamics are known in closed form."""

import functools

import numpy as np

from abm_ros.common.seeds import generator
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Batch
from abm_ros.policy.actor_learner import ActorLearner
from abm_ros.policy.config import ActorConfig
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.ensemble_learner import EnsembleLearner


class LinearSystem:
    """x' = x + a @ gain with the first two numbers as the goal; no noise."""

    def __init__(self, size: int = 6, action: int = 3) -> None:
        self.spec = ObservationSpec((FieldSpec('goal', 2), FieldSpec('rest', size - 2)), 'goal',
                                    0.1, action, 0.05, 20)
        self.gain = 0.3 * np.resize(np.eye(action, dtype=np.float32), (size, action)).T

    def batch(self, rng: np.random.Generator, count: int, horizon: int) -> Batch:
        """Return windows of random actions from random states."""
        spec = self.spec
        action = rng.uniform(-1, 1, (count, horizon, spec.action_size)).astype(np.float32)
        path = np.cumsum(action @ self.gain, axis=1)
        start = rng.normal(size=(count, 1, spec.size)).astype(np.float32)
        observation = np.concatenate([start, start + path], axis=1).astype(np.float32)
        return Batch(observation, action, np.ones((count, horizon), np.float32),
                     rng.normal(size=(count, 2)).astype(np.float32))


class PlanarArm:
    """Joints that turn by 0.15 rad per unit of action; observes angles and the tool."""

    def __init__(self, rng: np.random.Generator, joints: int = 3) -> None:
        self._rng = rng
        self._angles = np.zeros(joints)
        self._goal = np.zeros(2, np.float32)
        self.spec = ObservationSpec((FieldSpec('joints', joints), FieldSpec('tool', 2)), 'tool',
                                    0.05, joints, 0.05, 20)
        self._steps = 0

    def tool(self, angles: np.ndarray) -> np.ndarray:
        """Forward kinematics of an arm 1 m long."""
        total = np.cumsum(angles)
        return np.array([np.cos(total).sum(), np.sin(total).sum()]) / len(angles)

    def reset(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the first observation and the goal of a new episode."""
        self._steps = 0
        self._angles = np.full(len(self._angles), 0.5)
        self._goal = self.tool(self._rng.uniform(-0.7, 1.5, len(self._angles)))
        return self._observe(), self._goal.astype(np.float32)

    def step(self, action: np.ndarray) -> tuple[np.ndarray, bool, bool]:
        """Return the observation, whether the goal is reached, and whether the episode ends."""
        self._steps += 1
        self._angles = np.clip(self._angles + 0.15 * action, -1.5, 1.5)
        observation = self._observe()
        near = np.linalg.norm(observation[-2:] - self._goal) <= self.spec.goal_tolerance
        return observation, bool(near), bool(near) or self._steps >= self.spec.horizon

    def _observe(self) -> np.ndarray:
        return np.concatenate([self._angles, self.tool(self._angles)]).astype(np.float32)


@functools.cache
def trained() -> tuple[LinearSystem, Snapshot, Snapshot]:
    """Return a linear system and snapshots of Systems A and B that know it."""
    body, rng = LinearSystem(), generator(0, 'data')
    a = EnsembleLearner.create(WorldModelConfig(latent=12, hidden=16, encoder_hidden=16),
                               body.spec, 0)
    for _ in range(200):
        a.learn(body.batch(rng, 64, 2))
    world = a.freeze()
    b = ActorLearner.create(ActorConfig(hidden=16), world, 0)
    for _ in range(100):
        b.learn(world, body.batch(rng, 64, 1))
    return body, a.snapshot(), b.snapshot(world)
