"""A body and an agent in one process: what is observed of the body, and what is recorded."""

import numpy as np
import pytest

pytest.importorskip('gymnasium')
pytest.importorskip('odd_envs')

from abm_ros.agent.life import Life
from abm_ros.bodies.config import GymBodyConfig
from abm_ros.bodies.gym_body import GymBody
from abm_ros.common.transition import Observation, Step
from abm_ros.memory.recorder import Recorder
from abm_ros.robot.motor_guard import MotorConfig


class Mover:
    """Moves straight to the goal and records what it lives."""

    def __init__(self, life: Life) -> None:
        self.recorder, self.part = Recorder(life.spec, 0), life.spec.goal_slice
        self.steps: list[Step] = []

    def act(self, observation: Observation) -> np.ndarray:
        self.steps += self.recorder.observed(observation)
        way = observation.goal - observation.vector[self.part]
        return (way / max(np.abs(way).max(), 1e-6)).astype(np.float32)

    def executed(self, stamp_ns: int, action: np.ndarray) -> None:
        self.steps += self.recorder.executed(stamp_ns, action)


def lived(env_id: str, count: int) -> list[Step]:
    body = GymBody(GymBodyConfig(env_id=env_id))
    life = Life(body, MotorConfig(command_interface=body.interface,
                                  control_period_s=body.control_period_s))
    mover = Mover(life)
    for _, _ in zip(range(count), life.live(mover), strict=False):
        pass
    return mover.steps


def test_the_success_that_an_environment_tells_is_what_is_recorded() -> None:
    """It tells of 0.45, the tolerance of the spec is 0.05; of a reset it tells nothing."""
    steps = lived('Odd/Wide-v0', 60)
    assert [s.told for s in steps] == [s.index > 0 for s in steps]
    distances = np.array([np.linalg.norm(s.observation[2:4] - s.goal) for s in steps])
    for step, distance in zip(steps, distances, strict=True):
        assert step.success == (distance <= (0.45 if step.told else 0.05))
    assert ((distances > 0.3) & [s.success for s in steps]).sum() > 3


def test_where_an_environment_tells_nothing_the_distance_is_recorded() -> None:
    steps = lived('Odd/Point-v0', 60)
    assert not any(s.told for s in steps)
    for step in steps:
        distance = np.linalg.norm(step.observation[2:4] - step.goal)
        assert step.success == (distance <= 0.05)
    assert any(s.success for s in steps)
