"""Teachers of the benchmark: they know where the button is, or say so."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from abm_ros.bodies.types import Body
from abm_ros.common.errors import ConfigError
from abm_ros.common.transition import Observation
from abm_ros.robot.demonstration import Demonstration, Demonstrator, Retargeting
from abm_ros.robot.description import JointLimits, read_body_tag, read_limits
from abm_ros.robot.kinematics import ForwardKinematics
from abm_ros.robot.layout import layout_for
from abm_ros.robot.motor_guard import MotorConfig, tightened

# How a demonstration comes.
KINDS = ('with_actions', 'action_free', 'other_arm')
_POINTS, _BETWEEN_S, _STAYS = 20, 0.1, 5
_OTHER = 'kuka_iiwa/model.urdf'


class Teacher:
    """
    Shows the way to places, for one robot.

    :param body: the robot.
    """

    def __init__(self, body: Body) -> None:
        text = body.description()
        self._limits = tightened(read_limits(text, body.command_joints, body.interface),
                                 MotorConfig())
        layout = layout_for(self._limits, read_body_tag(text), goal_tolerance=body.goal_tolerance,
                            horizon=body.horizon, control_period_s=body.control_period_s,
                            told=True)
        arm = ForwardKinematics(text, body.command_joints)
        self._arm, self._own = arm, Retargeting(self._limits, arm.tool_position)
        self._demonstrator = Demonstrator(layout, self._limits, arm.tool_position)
        self._peer: tuple[JointLimits, ForwardKinematics] | None = None
        self._number = 0

    def show(self, name: str, start: np.ndarray, place: np.ndarray, kind: str
             ) -> list[Observation]:
        """
        Return a demonstration that ends at a place (3,), m.

        :param name: of the teacher.
        :param start: joint positions (J,) of the robot where it begins.
        :param kind: of KINDS.
        """
        here = self._arm.tool_position(start)
        share = np.concatenate([np.linspace(0.0, 1.0, _POINTS), np.ones(_STAYS)])
        way = here + share[:, None] * (place - here)
        if kind == 'other_arm':
            way = self._peer_way(way)
        joints = self._own.joints(way, start)
        self._number -= 1
        seen = self._demonstrator.observations(Demonstration(
            name, self._limits.joints, np.arange(len(joints)) * _BETWEEN_S, joints), self._number)
        return seen if kind != 'with_actions' else self._with_actions(seen)

    def pose(self, start: np.ndarray, place: np.ndarray) -> np.ndarray:
        """
        Return joint positions (J,) with the tool at a place (3,), m.

        :param start: joint positions (J,) to begin from.
        :raises SpecError: it is out of reach.
        """
        return self._own.joints(place[None], start)[0]

    def _with_actions(self, seen: list[Observation]) -> list[Observation]:
        """Return the demonstration with what a velocity controller was told."""
        part = self._demonstrator.spec.slice_of('joint_position')
        position = np.stack([one.vector[part] for one in seen])
        full = (self._limits.velocity * MotorConfig().velocity_scale
                * self._demonstrator.spec.control_period_s)
        action = np.clip(np.diff(position, axis=0) / full, -1.0, 1.0).astype(np.float32)
        return [one._replace(shown=does) for one, does in
                zip(seen, [*action, None], strict=True)]

    def _peer_way(self, way: np.ndarray) -> np.ndarray:
        """Return the way (N, 3) of the tool of another arm that follows it with its own joints."""
        limits, arm = self._peer = self._peer or other_arm()
        joints = Retargeting(limits, arm.tool_position).joints(
            way, np.clip(np.full(len(limits.joints), 0.4), limits.lower, limits.upper))
        return np.array([arm.tool_position(row) for row in joints])


def other_arm() -> tuple[JointLimits, ForwardKinematics]:
    """
    Return an arm that is not the robot's: the KUKA iiwa that comes with PyBullet.

    :raises ConfigError: it is not installed.
    """
    found = find_spec('pybullet_data')
    if found is None or found.origin is None:
        raise ConfigError('the other arm of the benchmark comes with pybullet, which is missing: '
                          'pip install abm_ros[sim]')
    text = (Path(found.origin).parent / _OTHER).read_text(encoding='utf-8')
    limits = read_limits(text)
    return limits, ForwardKinematics(text, limits.joints)


def honest_and_not(seed: int) -> Mapping[str, bool]:
    """Return the teachers of a life, and whether each is honest; in an order by the seed."""
    teachers = [('ann', True), ('bob', True), ('mallory', False)]
    order = np.random.default_rng(seed).permutation(len(teachers))
    return dict(teachers[n] for n in order)
