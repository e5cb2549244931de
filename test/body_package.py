"""A package of somebody else's that adds a kind of body, as pip would leave it in a folder."""

from pathlib import Path

POINT = '''
"""A point mass in a plane that is pushed about: a kind of body in one file."""

from dataclasses import dataclass

import numpy as np

from abm_ros.bodies.description import command_urdf, with_body_tag
from abm_ros.bodies.registry import BodyKind
from abm_ros.bodies.types import BodyState
from abm_ros.common.config import check, setting
from abm_ros.robot.description import BodyTag, ChannelField

SIZES = {'observation': 4, 'achieved_goal': 2, 'desired_goal': 2}


@dataclass(frozen=True)
class PointConfig:
    drag: float = setting(0.5, 'Share of the speed that is lost in a step.', low=0.0, high=1.0)
    seed: int = setting(0, 'Seed of the goals.', low=0)
    ends_at_success: bool = setting(True, 'End an episode once its goal is reached.')

    def __post_init__(self):
        check(self)


class Point:
    interface = 'effort'
    command_joints = ('push_x', 'push_y')
    control_period_s = 0.05
    horizon = 20
    goal_tolerance = 0.1

    def __init__(self, config):
        self.config = config
        self._rng = np.random.default_rng(config.seed)
        self._place, self._speed = np.zeros(2), np.zeros(2)
        self._begin(0)

    def _begin(self, episode):
        self._episode, self._step = episode, 0
        self._goal = self._rng.uniform(-1.0, 1.0, 2)

    def description(self):
        fields = tuple(ChannelField(n, f'{n}.', size) for n, size in SIZES.items())
        return with_body_tag(
            command_urdf('point', self.command_joints, 2000.0),
            BodyTag(self.goal_tolerance, self.horizon, self.control_period_s, 'achieved_goal',
                    fields))

    def state(self):
        near = np.linalg.norm(self._place - self._goal) <= self.goal_tolerance
        return BodyState(
            episode=self._episode, step=self._step,
            channels=tuple(f'{n}.{i}' for n, size in SIZES.items() for i in range(size)),
            position=np.concatenate([self._place, self._speed, self._place, self._goal]),
            velocity=None, effort=None, tool_position=None, tool_orientation=None,
            object_position=None, goal=self._goal, energy=1.0, image=None, success=bool(near))

    def step(self, command):
        won = self.config.ends_at_success and self.state().success
        if won or self._step >= self.horizon:
            self._begin(self._episode + 1)
        else:
            self._speed = (1.0 - self.config.drag) * self._speed + 0.1 * np.clip(command, -1, 1)
            self._place = np.clip(self._place + self._speed, -2.0, 2.0)
            self._step += 1
        return self.state()

    def close(self):
        pass


def parse(rest):
    return {'drag': float(rest)} if rest else {}


POINT = BodyKind(PointConfig, Point, 'point[:drag]', parse, interface='effort', node='point_mass')
'''


def add_point_package(folder: Path) -> None:
    """Put the package into a folder that is, or will be, on the path."""
    (folder / 'point_package.py').write_text(POINT)
    info = folder / 'point_package-1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text('Metadata-Version: 2.1\nName: point-package\nVersion: 1.0\n')
    (info / 'entry_points.txt').write_text('[abm_ros.bodies]\npoint = point_package:POINT\n')
