"""
An arm in PyBullet: position, velocity or effort drives, contacts, camera, battery, tasks.

The only file that imports pybullet. Every call names its own physics client, so that several
arms live side by side in one process.
"""

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pybullet as p

from abm_ros.bodies.battery import Battery, stands_still
from abm_ros.bodies.config import PHYSICS_RATE_HZ, SEEN_PIXELS, BulletArmConfig
from abm_ros.bodies.description import arm_urdf_path, with_body_tag
from abm_ros.bodies.disturbance import Disturbance, JointDrive
from abm_ros.bodies.tasks import (
    PUCK_HEIGHT_M,
    PUCK_MASS_KG,
    PUCK_RADIUS_M,
    Task,
    make_task,
)
from abm_ros.bodies.types import BodyState, check_command
from abm_ros.common.errors import BodyError
from abm_ros.common.seeds import generator
from abm_ros.common.spec import reached
from abm_ros.robot.description import BodyTag, ChannelField, JointLimits, read_limits

_OWN_HOME = (0.0, 0.5, 0.0, 1.6, 0.0, 0.9, 0.0)
# At 12 substeps a gain of 0.3 ends within 2 % of the target; the default 0.1 lags by 28 %.
_POSITION_GAIN = 0.3
_TABLE_HALF_M = (0.75, 0.60, 0.02)
_TABLE_X_M = 0.35
_CLEARANCE_M = 0.02
_MAX_TRIES = 100
_FLAGS = p.URDF_USE_INERTIA_FROM_FILE | p.URDF_USE_IMPLICIT_CYLINDER


class BulletArm:
    """An arm with a task on a table; see `Body`. Works with any URDF that has joint limits."""

    def __init__(self, config: BulletArmConfig) -> None:
        """
        Load the arm and begin episode 0.

        :raises BodyError: the URDF, its tool link or a display cannot be had.
        :raises DescriptionError: the URDF has no usable limits.
        """
        self.config = config
        self._path = Path(config.urdf) if config.urdf else arm_urdf_path()
        text = _read(self._path)
        self._limits: JointLimits = read_limits(text)
        self._task: Task = make_task(config)
        self._description = with_body_tag(text, _tag(config, self._task))
        self._rng = generator(config.seed, f'body/{self._task.name}')
        self._disturbance = Disturbance.neutral(len(self._limits.joints))
        self._battery = Battery(config.battery_life_s, config.battery_charge_s,
                                config.battery_start)
        self._client = _connect(config.gui)
        try:
            self._state = self._build()
        except Exception:
            self.close()
            raise

    @property
    def command_joints(self) -> tuple[str, ...]:
        """Names of the joints that a command (A,) moves, in its order."""
        return self._limits.joints

    @property
    def interface(self) -> str:
        """What a command is: 'position', 'velocity' or 'effort'."""
        return self.config.interface

    @property
    def control_period_s(self) -> float:
        """Simulated time of one control step, s."""
        return self.config.control_period_s

    @property
    def horizon(self) -> int:
        """Largest number of control steps in an episode."""
        return self.config.horizon

    @property
    def goal_tolerance(self) -> float:
        """Distance up to which the goal counts as reached, m."""
        return self.config.goal_tolerance

    @property
    def limits(self) -> JointLimits:
        """Limits of the commanded joints."""
        return self._limits

    def description(self) -> str:
        """Return the URDF of the arm with the `<abm_body>` tag."""
        return self._description

    def state(self) -> BodyState:
        """Return the present state; the arm does not move."""
        return self._state

    def set_disturbance(self, disturbance: Disturbance) -> None:
        """
        Change physics and sensors from the next control step on; the values are copied.

        :raises BodyError: wrong shape, not finite, or a negative payload.
        """
        self._disturbance = disturbance.checked(len(self._limits.joints))
        mass, inertia = self._tool_mass
        p.changeDynamics(self._arm, self._tool, mass=mass + self._disturbance.payload_kg,
                         localInertiaDiagonal=inertia, physicsClientId=self._client)

    def step(self, command: np.ndarray) -> BodyState:
        """
        Apply a command for one control period; begins the next episode after the last one.

        At a new episode the arm goes on from where it is; only the puck is placed anew.

        :param command: (A,) float64 rad or m, rad/s or m/s, Nm or N.
        :raises BodyError: wrong shape or not finite; the arm does not move.
        """
        command = check_command(command, len(self._limits.joints))
        last = self._state
        won = last.success and self.config.ends_at_success
        if won or last.step >= self.config.horizon:
            self._begin_episode(last.episode + 1)
        else:
            self._step += 1
        applied, change = self._drive.apply(command, self._disturbance.gain)
        self._actuate(applied)
        force = 0.0
        for _ in range(self.config.substeps):
            if self.config.interface == 'effort':
                self._torque(applied)
            p.stepSimulation(physicsClientId=self._client)
            force = max(force, self._contact_force())
        self._state = self._sense(force, change)
        return self._state

    def close(self) -> None:
        """Give the simulator back; may be called twice."""
        if self._client >= 0:
            p.disconnect(physicsClientId=self._client)
            self._client = -1

    def _build(self) -> BodyState:
        """Fill the world and return the first state of episode 0."""
        p.setPhysicsEngineParameter(
            fixedTimeStep=1.0 / PHYSICS_RATE_HZ, deterministicOverlappingPairs=1,
            physicsClientId=self._client)
        p.setGravity(0.0, 0.0, -9.81, physicsClientId=self._client)
        self._add_table()
        self._arm = self._load_arm()
        self._joints, self._tool = self._find_links()
        info = p.getDynamicsInfo(self._arm, self._tool, physicsClientId=self._client)
        self._tool_mass = (info[0], info[2])
        home = self._home()
        for index, position in zip(self._joints, home, strict=True):
            p.resetJointState(self._arm, index, position, physicsClientId=self._client)
        self._drive = JointDrive(self.config.interface, self._limits, home)
        self._actuate(home if self.config.interface == 'position' else np.zeros(len(home)))
        self._puck = self._add_puck() if self._task.has_object else -1
        self._marker = self._add_marker()
        self._begin_episode(0)
        return self._sense(0.0, None)

    def _load_arm(self) -> int:
        flags = _FLAGS
        if self.config.self_collision:
            flags |= p.URDF_USE_SELF_COLLISION | p.URDF_USE_SELF_COLLISION_EXCLUDE_PARENT
        try:
            return int(p.loadURDF(str(self._path), useFixedBase=True, flags=flags,
                                  physicsClientId=self._client))
        except p.error as error:
            raise BodyError(f"PyBullet cannot load '{self._path}': {error}") from error

    def _find_links(self) -> tuple[list[int], int]:
        """Find the indices of the commanded joints and of the tool's link; undamp the links."""
        joints, links = {}, {}
        p.changeDynamics(self._arm, -1, linearDamping=0.0, angularDamping=0.0,
                         physicsClientId=self._client)
        for index in range(p.getNumJoints(self._arm, physicsClientId=self._client)):
            info = p.getJointInfo(self._arm, index, physicsClientId=self._client)
            joints[info[1].decode()], links[info[12].decode()] = index, index
        name = self.config.tool_link or ('tool' if 'tool' in links else list(links)[-1])
        if name not in links:
            raise BodyError(f"'{self._path.name}' has no link '{name}' for the tool, expected "
                            f'one of {", ".join(links)}')
        return [joints[joint] for joint in self._limits.joints], links[name]

    def _home(self) -> np.ndarray:
        """Return where the arm begins (A,): elbow bent, tool down; else the middle."""
        if not self.config.urdf:
            return np.array(_OWN_HOME)
        bounded = np.isfinite(self._limits.lower)
        lower = np.where(bounded, self._limits.lower, 0.0)
        return (lower + np.where(bounded, self._limits.upper, 0.0)) / 2.0

    def _add_table(self) -> None:
        # The plane carries whatever leaves the table's top, which is only there to be seen.
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

    def _begin_episode(self, episode: int) -> None:
        self._episode, self._step = episode, 0
        if self._task.has_object:
            self._place_puck()
        self._goal = self._task.sample_goal(self._rng, self._achieved(),
                                            2.0 * self.config.goal_tolerance)
        self._put(self._marker, self._goal)

    def _place_puck(self) -> None:
        for _ in range(_MAX_TRIES):
            self._put(self._puck, self._task.sample_object(self._rng))
            if not p.getClosestPoints(self._arm, self._puck, _CLEARANCE_M,
                                      physicsClientId=self._client):
                break
        p.resetBaseVelocity(self._puck, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0),
                            physicsClientId=self._client)

    def _put(self, body: int, place: np.ndarray) -> None:
        p.resetBasePositionAndOrientation(body, place.tolist(), (0.0, 0.0, 0.0, 1.0),
                                          physicsClientId=self._client)

    def _achieved(self) -> np.ndarray:
        return self._puck_position() if self._task.has_object else self._tool_pose()[0]

    def _puck_position(self) -> np.ndarray:
        return np.array(p.getBasePositionAndOrientation(
            self._puck, physicsClientId=self._client)[0])

    def _tool_pose(self) -> tuple[np.ndarray, np.ndarray]:
        link: Any = p.getLinkState(self._arm, self._tool, computeForwardKinematics=True,
                                   physicsClientId=self._client)
        return np.array(link[4]), np.array(link[5])

    def _actuate(self, applied: np.ndarray) -> None:
        """Set the motors for the whole control period; torques are set at each substep."""
        kind, limits = self.config.interface, self._limits
        for index, value, speed, effort in zip(self._joints, applied.tolist(), limits.velocity,
                                               limits.effort, strict=True):
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

    def _contact_force(self) -> float:
        """Return the largest normal force (N) on the arm, contacts with the puck left out."""
        contacts = p.getContactPoints(bodyA=self._arm, physicsClientId=self._client) or ()
        return max((c[9] for c in contacts if c[2] != self._puck), default=0.0)

    def _sense(self, force: float, change: np.ndarray | None) -> BodyState:
        """Read all sensors; `change` (A,) of the command, None before the first command."""
        joints = p.getJointStates(self._arm, self._joints, physicsClientId=self._client)
        position, velocity, effort = np.array([(j[0], j[1], j[3]) for j in joints]).T.copy()
        if change is not None:
            load = float(np.mean(np.minimum(np.abs(effort) / self._limits.effort, 1.0)))
            self._battery.step(stands_still(change, velocity), load,
                               self.config.control_period_s)
        tool, orientation = self._tool_pose()
        puck = self._puck_position() if self._task.has_object else None
        achieved = tool if puck is None else puck
        return BodyState(
            episode=self._episode, step=self._step, channels=self._limits.joints,
            position=position + self._disturbance.bias, velocity=velocity, effort=effort,
            tool_position=tool, tool_orientation=orientation, object_position=puck,
            goal=self._goal.copy(), energy=self._battery.charge, contact_force=float(force),
            image=self._render() if self.config.image_size else None,
            success=bool(reached(achieved, self._goal, self.config.goal_tolerance)),
            goal_distance=(float(np.linalg.norm(achieved - self._goal))
                           if self.config.observes == 'camera' else None))

    def _render(self) -> np.ndarray:
        size = self.config.image_size
        offset = self._disturbance.camera_offset_m
        eye = np.add(self.config.camera_eye, offset).tolist()
        target = np.add(self.config.camera_target, offset).tolist()
        view = p.computeViewMatrix(eye, target, (0.0, 0.0, 1.0))
        lens = p.computeProjectionMatrixFOV(45.0, 1.0, 0.05, 5.0)
        pixels = p.getCameraImage(size, size, view, lens, shadow=0,
                                  lightDirection=(1.0, -1.5, 2.5),
                                  flags=p.ER_NO_SEGMENTATION_MASK,
                                  renderer=p.ER_TINY_RENDERER, physicsClientId=self._client)[2]
        return np.asarray(pixels, np.uint8).reshape(size, size, 4)[:, :, :3].copy()


def _tag(config: BulletArmConfig, task: Task) -> BodyTag:
    if config.observes == 'camera':
        return BodyTag(config.goal_tolerance, config.horizon, config.control_period_s,
                       'goal_distance', (ChannelField('goal_distance', 'goal_distance.', 1, True),
                                         ChannelField('desired_goal', 'desired_goal.', 1)),
                       ('joint_position',), SEEN_PIXELS)
    extra = (ChannelField('object_position', 'object_position.', 3),) if task.has_object else ()
    return BodyTag(config.goal_tolerance, config.horizon, config.control_period_s,
                   task.goal_field, extra)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise BodyError(f"cannot read the URDF '{path}': {error}") from error


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
