"""
The tasks of the arm: where goals lie and what must come near them. No simulator here.

reach: the tool's tip goes to a point of a box in front of the arm.
push: the tool pushes a puck over the table to a point of the table.
"""

from dataclasses import dataclass

import numpy as np

from abm_ros.bodies.config import BulletArmConfig

PUCK_RADIUS_M = 0.04
PUCK_HEIGHT_M = 0.05
PUCK_MASS_KG = 0.2
_PUCK_Z = PUCK_HEIGHT_M / 2
_TABLE_LOW = (0.32, -0.20, _PUCK_Z)
_TABLE_HIGH = (0.55, 0.20, _PUCK_Z)
_MAX_TRIES = 100


@dataclass(frozen=True)
class Task:
    """
    A region of goals (m), and the name of what must come near the goal.

    `goal_field` is 'tool_position' or 'object_position', a field of `BodyState`.
    """

    name: str
    goal_field: str
    goal_low: tuple[float, ...]
    goal_high: tuple[float, ...]

    @property
    def has_object(self) -> bool:
        """Whether there is a puck on the table."""
        return self.goal_field == 'object_position'

    def sample_goal(self, rng: np.random.Generator, achieved: np.ndarray,
                    distance_m: float) -> np.ndarray:
        """
        Draw a goal (3,) uniformly from the region, not nearer than a distance to `achieved`.

        A goal that is reached already would be an episode without anything to do. Where the
        region is too small for the distance, the last draw is taken.
        """
        return _draw(rng, self.goal_low, self.goal_high, achieved, distance_m)

    def sample_object(self, rng: np.random.Generator) -> np.ndarray:
        """Draw a place (3,) for the puck, uniformly from the region of its goals."""
        return rng.uniform(self.goal_low, self.goal_high)


def make_task(config: BulletArmConfig) -> Task:
    """Return the task that the configuration names."""
    if config.task == 'push':
        return Task('push', 'object_position', _TABLE_LOW, _TABLE_HIGH)
    return Task('reach', 'tool_position', config.reach_low, config.reach_high)


def _draw(rng: np.random.Generator, low: tuple[float, ...], high: tuple[float, ...],
          avoid: np.ndarray, distance_m: float) -> np.ndarray:
    for _ in range(_MAX_TRIES):
        point = rng.uniform(low, high)
        if np.linalg.norm(point - avoid) >= distance_m:
            break
    return point
