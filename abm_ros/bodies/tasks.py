"""
The tasks of the arm: the region of goals, and what must reach them. No simulator here.

reach: the tool's tip goes to a point of a box in front of the arm; another arm than ours goes to
places that it was found to reach.
push: the tool pushes a puck over the table to a point of the table.
button: as reach, but the point stays the same for the whole life, and only a button knows it.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from abm_ros.bodies.config import BulletArmConfig

PUCK_RADIUS_M = 0.04
PUCK_HEIGHT_M = 0.05
PUCK_MASS_KG = 0.2
_PUCK_Z = PUCK_HEIGHT_M / 2
_TABLE_LOW = (0.32, -0.20, _PUCK_Z)
_TABLE_HIGH = (0.55, 0.20, _PUCK_Z)
_MAX_TRIES = 100


class Region(Protocol):
    """Where goals lie."""

    def sample(self, rng: np.random.Generator) -> np.ndarray:
        """Draw a point (3,), m."""


@dataclass(frozen=True)
class Box:
    """All points between two corners, m, each as likely."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    def sample(self, rng: np.random.Generator) -> np.ndarray:
        """Draw a point (3,), m."""
        return rng.uniform(self.low, self.high)


@dataclass(frozen=True)
class Places:
    """Some points (N, 3), m, each as likely."""

    points: np.ndarray

    def sample(self, rng: np.random.Generator) -> np.ndarray:
        """Draw a point (3,), m."""
        point: np.ndarray = self.points[rng.integers(len(self.points))]
        return point.copy()


@dataclass(frozen=True)
class Task:
    """
    A region of goals, and the name of what must reach the goal.

    `goal_field` is 'tool_position' or 'object_position', a field of `BodyState`.
    """

    name: str
    goal_field: str
    region: Region
    place: np.ndarray | None = None      # (3,), m, of all goals, where they have one

    @property
    def has_object(self) -> bool:
        """Whether there is a puck on the table."""
        return self.goal_field == 'object_position'

    def sample_goal(self, rng: np.random.Generator, achieved: np.ndarray,
                    distance_m: float) -> np.ndarray:
        """
        Draw a goal (3,) from the region, not nearer than a distance to `achieved`.

        A goal that is already reached would give an episode without a task. If the region is too
        small for the distance, the last draw is taken.
        """
        if self.place is not None:
            return self.place
        for _ in range(_MAX_TRIES):
            point = self.region.sample(rng)
            if np.linalg.norm(point - achieved) >= distance_m:
                break
        return point

    def sample_object(self, rng: np.random.Generator) -> np.ndarray:
        """Draw a place (3,) for the puck from the region of its goals."""
        return self.region.sample(rng)


def make_task(config: BulletArmConfig) -> Task:
    """Return the task that the configuration names."""
    if config.task == 'push':
        return Task('push', 'object_position', Box(_TABLE_LOW, _TABLE_HIGH))
    return Task(config.task, 'tool_position', Box(config.reach_low, config.reach_high))
