"""
The scene in PyBullet: an arm at a table, a puck to push, and a marker of the goal.

This is the only file that imports pybullet. Every call names its physics client, so that several
arms can run in one process.
"""

import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pybullet as p

from abm_ros.bodies.config import PHYSICS_RATE_HZ, BulletArmConfig
from abm_ros.bodies.post import Post
from abm_ros.bodies.tasks import PUCK_HEIGHT_M, PUCK_MASS_KG, PUCK_RADIUS_M
from abm_ros.common.errors import BodyError
from abm_ros.robot.description import JointLimits

# At 12 substeps a gain of 0.3 ends within 2 % of the target; the default 0.1 lags by 28 %.
_POSITION_GAIN = 0.3
_STRONGEST = 1e4      # Nm or N, of a joint whose effort limit is not told
# kg and kg m^2 of links without inertia, which would get 1 and 1: of frames on other links, which
# weigh nothing on a robot, and of links that move.
_FRAME, _LIGHT = (1e-3, 1e-6), (0.2, 2e-3)
_SMALL = 1e-3         # rad or m, between poses that show how the tool moves
_TABLE_HALF_M = (0.75, 0.60, 0.02)
_TABLE_X_M = 0.35
_CLEARANCE_M = 0.02
_FLAGS = p.URDF_USE_INERTIA_FROM_FILE | p.URDF_USE_IMPLICIT_CYLINDER


class BulletScene:
    """
    One physics server and what stands in it; the arm rests at `home` until it is driven.

    :param path: URDF of the arm, with every mesh where it names it.
    :param tool: the tool's link.
    :param weightless: links of which no inertia is told; whether each is fixed to its parent.
    :param limits: of the joints that are driven, in command order.
    :param home: (A,) positions at the start, rad or m.
    :param with_puck: whether there is a puck on the table.
    :raises BodyError: PyBullet, a display or the URDF cannot be had.
    """

    def __init__(self, path: Path, config: BulletArmConfig, limits: JointLimits,
                 home: np.ndarray, *, tool: str, weightless: Mapping[str, bool],
                 with_puck: bool) -> None:
        self._path, self._config, self._limits, self._tool_link = path, config, limits, tool
        self.tool_m = 0.0        # by which the tool is longer than described, along its z axis
        self._client = _connect(config.gui)
        try:
            self._build(home, weightless, with_puck)
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        """Release the simulator; may be called twice."""
        if self._client >= 0:
            p.disconnect(physicsClientId=self._client)
            self._client = -1

    def set_payload(self, payload_kg: float) -> None:
        """Hang a point mass on the tool's centre of mass."""
        mass, inertia = self._tool_mass
        p.changeDynamics(self._arm, self._tool, mass=mass + payload_kg,
                         localInertiaDiagonal=inertia, physicsClientId=self._client)

    def set_damping(self, added: np.ndarray) -> None:
        """Damp the driven joints by so much more (A,), Nm s/rad, than the description has it."""
        for index, more in zip(self._joints, added.tolist(), strict=True):
            described = p.getJointInfo(self._arm, index, physicsClientId=self._client)[6]
            p.changeDynamics(self._arm, index, jointDamping=described + more,
                             physicsClientId=self._client)

    def set_friction(self, factor: float) -> None:
        """Let the puck, if there is one, rub so many times as much as usual."""
        if self._puck >= 0:
            p.changeDynamics(self._puck, -1, lateralFriction=factor * self._puck_friction,
                             physicsClientId=self._client)

    def set_obstacle(self, height_m: float) -> None:
        """
        Let a post of this height stand beside the tool; 0 for none.

        :raises BodyError: the arm leaves no room for it.
        """
        self._post.stand(height_m, self.tool_pose()[0])

    def drive(self, applied: np.ndarray) -> None:
        """
        Let the motors work for one control period.

        :param applied: (A,) within the limits, rad or m, rad/s or m/s, Nm or N.
        """
        self._actuate(applied)
        for _ in range(self._config.substeps):
            if self._config.interface == 'effort':
                self._torque(applied)
            p.stepSimulation(physicsClientId=self._client)

    def joint_states(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return position, velocity and effort (A,) of the driven joints, float64, SI."""
        joints = p.getJointStates(self._arm, self._joints, physicsClientId=self._client)
        position, velocity, effort = np.array([(j[0], j[1], j[3]) for j in joints]).T.copy()
        return position, velocity, effort

    def tool_pose(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the tool's place (3,), m, and orientation (4,), quaternion x y z w."""
        link: Any = p.getLinkState(self._arm, self._tool, computeForwardKinematics=True,
                                   physicsClientId=self._client)
        turn = np.reshape(p.getMatrixFromQuaternion(link[5]), (3, 3))
        return np.array(link[4]) + self.tool_m * turn[:, 2], np.array(link[5])

    def free(self, poses: np.ndarray) -> np.ndarray:
        """
        Return those of the poses (M, A), rad or m, at which nothing collides.

        What touches where the arm rests, such as meshes that overlap, is no collision.
        """
        rest = self.joint_states()[0]
        usual, free = self._touching(), []
        for pose in poses:
            self._place(pose)
            if self._touching() <= usual:
                free.append(pose)
        self._place(rest)
        return np.array(free).reshape(-1, poses.shape[1])

    def tool_at(self, pose: np.ndarray) -> np.ndarray:
        """Return the place (3,), m, of the tool at a pose (A,); the arm rests again afterwards."""
        rest = self.joint_states()[0]
        self._place(pose)
        place = self.tool_pose()[0]
        self._place(rest)
        return place

    def jacobian(self, pose: np.ndarray) -> np.ndarray:
        """Return how the tool moves (3, A), m, with each joint at a pose (A,), by differences."""
        here = self.tool_at(pose)
        return np.stack([self.tool_at(pose + step) - here
                         for step in _SMALL * np.eye(len(pose))], 1) / _SMALL

    def rest(self, pose: np.ndarray) -> None:
        """Put the arm at a pose (A,) where it stays until it is driven."""
        self._place(pose)
        self._actuate(pose if self._config.interface == 'position' else np.zeros(len(pose)))

    def _place(self, pose: np.ndarray) -> None:
        for index, position in zip(self._joints, pose, strict=True):
            p.resetJointState(self._arm, index, position, physicsClientId=self._client)

    def _allow_overlaps(self) -> None:
        """
        Switch collisions off between links of the arm that overlap where it rests.

        Shapes of links that are no neighbours often do, around a wrist, and would jam the joints.
        """
        for link, body, other in self._touching():
            if body == self._arm:
                p.setCollisionFilterPair(self._arm, self._arm, link, other, 0,
                                         physicsClientId=self._client)

    def _touching(self) -> set[tuple[int, int, int]]:
        """Return which links of the arm touch which links of which bodies."""
        p.performCollisionDetection(physicsClientId=self._client)
        contacts = p.getContactPoints(bodyA=self._arm, physicsClientId=self._client) or ()
        return {(c[3], c[2], c[4]) for c in contacts if c[8] < 0.0}

    def puck_position(self) -> np.ndarray:
        """Return the place of the puck (3,), m."""
        return np.array(p.getBasePositionAndOrientation(
            self._puck, physicsClientId=self._client)[0])

    def try_puck(self, place: np.ndarray) -> bool:
        """Put the puck there (3,), m; tell whether the arm leaves it some room."""
        self._put(self._puck, place)
        return not p.getClosestPoints(self._arm, self._puck, _CLEARANCE_M,
                                      physicsClientId=self._client)

    def still_puck(self) -> None:
        """Take the puck's velocity away."""
        p.resetBaseVelocity(self._puck, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0),
                            physicsClientId=self._client)

    def mark_goal(self, goal: np.ndarray) -> None:
        """Put the marker of the goal there (3,), m."""
        self._put(self._marker, goal)

    def render(self, offset_m: np.ndarray) -> np.ndarray:
        """
        Return the camera's image (H, W, 3) uint8.

        :param offset_m: (3,) by which the camera is displaced.
        """
        size = self._config.image_size
        eye = np.add(self._config.camera_eye, offset_m).tolist()
        target = np.add(self._config.camera_target, offset_m).tolist()
        view = p.computeViewMatrix(eye, target, (0.0, 0.0, 1.0))
        lens = p.computeProjectionMatrixFOV(45.0, 1.0, 0.05, 5.0)
        pixels = p.getCameraImage(size, size, view, lens, shadow=0,
                                  lightDirection=(1.0, -1.5, 2.5),
                                  flags=p.ER_NO_SEGMENTATION_MASK,
                                  renderer=p.ER_TINY_RENDERER, physicsClientId=self._client)[2]
        return np.asarray(pixels, np.uint8).reshape(size, size, 4)[:, :, :3].copy()

    def _build(self, home: np.ndarray, weightless: Mapping[str, bool], with_puck: bool) -> None:
        p.setPhysicsEngineParameter(
            fixedTimeStep=1.0 / PHYSICS_RATE_HZ, deterministicOverlappingPairs=1,
            physicsClientId=self._client)
        p.setGravity(0.0, 0.0, -9.81, physicsClientId=self._client)
        self._add_table()
        self._arm = self._load_arm()
        self._joints, self._tool = self._find_links(weightless)
        info = p.getDynamicsInfo(self._arm, self._tool, physicsClientId=self._client)
        self._tool_mass = (info[0], info[2])
        self.rest(home)
        self._allow_overlaps()
        self._post = Post(_Bound(self._client), self._arm)
        self._puck = self._add_puck() if with_puck else -1
        if with_puck:
            self._puck_friction = p.getDynamicsInfo(self._puck, -1,
                                                    physicsClientId=self._client)[1]
        self._marker = self._add_marker()

    def _load_arm(self) -> int:
        flags = _FLAGS
        if self._config.self_collision:
            flags |= p.URDF_USE_SELF_COLLISION | p.URDF_USE_SELF_COLLISION_EXCLUDE_PARENT
        try:
            return int(p.loadURDF(str(self._path), useFixedBase=True, flags=flags,
                                  physicsClientId=self._client))
        except p.error as error:
            raise BodyError(f"PyBullet cannot load '{self._path.name}': {error}") from error

    def _find_links(self, weightless: Mapping[str, bool]) -> tuple[list[int], int]:
        """Find the indices of the driven joints and of the tool; weigh and undamp the links."""
        joints, links = {}, {}
        p.changeDynamics(self._arm, -1, linearDamping=0.0, angularDamping=0.0,
                         physicsClientId=self._client)
        for index in range(p.getNumJoints(self._arm, physicsClientId=self._client)):
            info = p.getJointInfo(self._arm, index, physicsClientId=self._client)
            link = info[12].decode()
            joints[info[1].decode()], links[link] = index, index
            if link in weightless:
                mass, inertia = _FRAME if weightless[link] else _LIGHT
                p.changeDynamics(self._arm, index, mass=mass, localInertiaDiagonal=(inertia,) * 3,
                                 physicsClientId=self._client)
        return [joints[joint] for joint in self._limits.joints], links[self._tool_link]

    def _add_table(self) -> None:
        # The plane carries objects that leave the table; the table's top is only visible.
        plane = p.createCollisionShape(p.GEOM_PLANE, physicsClientId=self._client)
        ground = p.createMultiBody(0.0, plane, physicsClientId=self._client)
        # Drawing the endless plane would take more than half of the camera's time.
        p.changeVisualShape(ground, -1, rgbaColor=(1.0, 1.0, 1.0, 0.0),
                            physicsClientId=self._client)
        top = p.createVisualShape(p.GEOM_BOX, halfExtents=_TABLE_HALF_M,
                                  rgbaColor=(0.55, 0.60, 0.66, 1.0),
                                  physicsClientId=self._client)
        p.createMultiBody(0.0, -1, top, (_TABLE_X_M, 0.0, -_TABLE_HALF_M[2]),
                          physicsClientId=self._client)

    def _add_puck(self) -> int:
        shape = p.createCollisionShape(p.GEOM_CYLINDER, radius=PUCK_RADIUS_M,
                                       height=PUCK_HEIGHT_M, physicsClientId=self._client)
        look = p.createVisualShape(p.GEOM_CYLINDER, radius=PUCK_RADIUS_M, length=PUCK_HEIGHT_M,
                                   rgbaColor=(0.15, 0.35, 0.85, 1.0),
                                   physicsClientId=self._client)
        return int(p.createMultiBody(PUCK_MASS_KG, shape, look, (0.45, 0.0, PUCK_HEIGHT_M / 2),
                                     physicsClientId=self._client))

    def _add_marker(self) -> int:
        look = p.createVisualShape(p.GEOM_SPHERE, radius=0.03, rgbaColor=(0.1, 0.85, 0.2, 1.0),
                                   physicsClientId=self._client)
        return int(p.createMultiBody(0.0, -1, look, physicsClientId=self._client))

    def _put(self, body: int, place: np.ndarray) -> None:
        p.resetBasePositionAndOrientation(body, place.tolist(), (0.0, 0.0, 0.0, 1.0),
                                          physicsClientId=self._client)

    def _actuate(self, applied: np.ndarray) -> None:
        """Set the motors for the whole control period; torques are set at each substep."""
        kind, limits = self._config.interface, self._limits
        for index, value, speed, effort in zip(self._joints, applied.tolist(), limits.velocity,
                                               np.minimum(limits.effort, _STRONGEST),
                                               strict=True):
            if kind == 'position':
                p.setJointMotorControl2(
                    self._arm, index, p.POSITION_CONTROL, targetPosition=value, force=effort,
                    maxVelocity=speed, positionGain=_POSITION_GAIN,
                    physicsClientId=self._client)
            else:
                # For effort, the motor that PyBullet gives every joint is switched off.
                p.setJointMotorControl2(
                    self._arm, index, p.VELOCITY_CONTROL,
                    targetVelocity=value if kind == 'velocity' else 0.0,
                    force=effort if kind == 'velocity' else 0.0, physicsClientId=self._client)

    def _torque(self, applied: np.ndarray) -> None:
        p.setJointMotorControlArray(self._arm, self._joints, p.TORQUE_CONTROL,
                                    forces=applied.tolist(), physicsClientId=self._client)


class _Bound:
    """The functions of pybullet, bound to one physics server."""

    def __init__(self, client: int) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        found = getattr(p, name)
        return partial(found, physicsClientId=self._client) if callable(found) else found


def _connect(gui: bool) -> int:
    if gui and sys.platform == 'linux' and not os.environ.get('DISPLAY'):
        raise BodyError('gui: no display (DISPLAY is not set): run headless')
    try:
        client = int(p.connect(p.GUI if gui else p.DIRECT))
    except p.error as error:
        raise BodyError(f'PyBullet cannot connect: {error}') from error
    if client < 0:
        raise BodyError('PyBullet cannot start a physics server: too many bodies in one process')
    return client
