"""What can be changed about an environment itself while it runs: its arm, its goals."""

from typing import Any

import numpy as np

from abm_ros.bodies.disturbance import Disturbance
from abm_ros.bodies.post import Post

_ARM = ('payload_kg', 'tool_m', 'damping', 'obstacle_m')


class GymDisturbance:
    """
    Changes an environment's arm and goals, as far as they are known how to be changed.

    Arms of panda-gym are in PyBullet. Goals and tolerances are where panda-gym (`task`) and
    gymnasium-robotics (the environment) keep them.

    :param env: the environment, with its wrappers.
    """

    def __init__(self, env: Any) -> None:
        base = env.unwrapped
        self._holder: Any = getattr(base, 'task', base)       # of goal and tolerance
        robot: Any = getattr(base, 'robot', None)
        sim: Any = getattr(base, 'sim', None)
        able: set[str] = set()
        if hasattr(robot, 'ee_link') and hasattr(sim, 'physics_client'):
            able.update(_ARM)
            self._robot, self._client = robot, sim.physics_client
            self._arm = sim._bodies_idx[robot.body_name]
            info = self._client.getDynamicsInfo(self._arm, robot.ee_link)
            self._tool = (info[0], info[2])
            self._flange, self._sensed = robot.get_ee_position, robot.get_obs
            self._post = Post(self._client, self._arm)
            self._object = sim._bodies_idx.get('object', -1)
            if self._object >= 0:
                able.add('friction')
                self._friction = self._client.getDynamicsInfo(self._object, -1)[1]
        if hasattr(self._holder, 'distance_threshold'):
            able.add('tolerance')
            self._tolerance = float(self._holder.distance_threshold)
        if isinstance(getattr(self._holder, 'goal', None), np.ndarray) or hasattr(
                self._holder, '_sample_goal'):
            able.add('goal_m')
        self.able = frozenset(able)
        self._now = Disturbance.neutral(0)

    def set(self, disturbance: Disturbance) -> None:
        """Let the environment be so from now on; goals from the next episode on."""
        self._now = disturbance
        if 'tolerance' in self.able:
            self._holder.distance_threshold = disturbance.tolerance * self._tolerance
        if 'payload_kg' not in self.able:
            return
        mass, inertia = self._tool
        self._client.changeDynamics(self._arm, self._robot.ee_link,
                                    mass=mass + disturbance.payload_kg,
                                    localInertiaDiagonal=inertia)
        for index, more in zip(self._robot.joint_indices, disturbance.damping, strict=False):
            self._client.changeDynamics(
                self._arm, int(index),
                jointDamping=self._client.getJointInfo(self._arm, int(index))[6] + float(more))
        self._post.stand(disturbance.obstacle_m, np.asarray(self._flange()))
        if self._object >= 0:
            self._client.changeDynamics(self._object, -1,
                                        lateralFriction=disturbance.friction * self._friction)
        # The arm's own controller still thinks of the tool that it was built with.
        self._robot.get_obs = self._observed
        if hasattr(self._holder, 'get_ee_position'):
            self._holder.get_ee_position = self._tip

    def begun(self, observation: Any, info: Any) -> tuple[Any, Any]:
        """Return what a reset answered, with the goal moved."""
        goal: Any = getattr(self._holder, 'goal', None)
        if 'goal_m' not in self.able or not self._now.goal_m.any() or np.shape(goal) != (3,):
            return observation, info
        self._holder.goal = np.asarray(goal) + self._now.goal_m
        moved = {**observation, 'desired_goal': self._holder.goal.copy()}
        told = {key: value for key, value in info.items() if not key.endswith('success')}
        return moved, told

    def _tip(self) -> np.ndarray:
        """Return where the end of the longer tool is (3,), m."""
        turn = self._client.getMatrixFromQuaternion(self._client.getLinkState(
            self._arm, self._robot.ee_link)[1])
        place: np.ndarray = self._flange() + self._now.tool_m * np.reshape(turn, (3, 3))[:, 2]
        return place

    def _observed(self) -> np.ndarray:
        """Return what the robot observes, which begins with where its end is."""
        seen: np.ndarray = self._sensed()
        return np.concatenate([self._tip(), seen[3:]])
