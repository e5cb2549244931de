"""An arm in PyBullet with a task on a table: episodes, disturbances, battery and senses."""

import logging
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from abm_ros.bodies.battery import Battery, stands_still
from abm_ros.bodies.bullet_scene import BulletScene
from abm_ros.bodies.config import SEEN_PIXELS, BulletArmConfig
from abm_ros.bodies.description import with_body_tag
from abm_ros.bodies.disturbance import Disturbance, JointDrive
from abm_ros.bodies.tasks import Places, Task, make_task
from abm_ros.bodies.types import BodyState, check_command
from abm_ros.bodies.urdf_file import loadable
from abm_ros.common.errors import BodyError
from abm_ros.common.seeds import generator
from abm_ros.common.share import share_file
from abm_ros.common.spec import reached
from abm_ros.robot.description import BodyTag, ChannelField, JointLimits, read_limits
from abm_ros.robot.links import Links
from abm_ros.robot.urdf_text import read_description

_OWN_URDF = 'urdf/abm_arm.urdf'
_OWN_HOME = (0.0, 0.5, 0.0, 1.6, 0.0, 0.9, 0.0)
_MAX_TRIES = 100
# Poses tried to find where an arm rests, and where it reaches; their share of what each joint can
# move, and the most that counts of that, rad.
_HOMES, _HOME_SHARE = 200, 0.7
_POSES, _REACH_SHARE = 1000, 0.35
_STARTS = 10          # poses tried to find one where an episode can begin
_WIDEST = np.pi
_BEST, _LOOKS = 10, 50   # poses that move the tool best, and looks at the room around each
_LEAST_GAIN_M = 0.01     # m/rad; an arm does not move its tool in a direction with less
_LOG = logging.getLogger(__name__)


class BulletArm:
    """An arm with a task on a table; see `Body`. Works with any URDF that has joint limits."""

    def __init__(self, config: BulletArmConfig) -> None:
        """
        Load the arm and begin episode 0.

        :raises BodyError: a mesh of the URDF, or a display, cannot be had.
        :raises DescriptionError: the URDF cannot be read, or has no usable limits or tool.
        """
        self.config = config
        path = Path(config.urdf) if config.urdf else share_file(_OWN_URDF)
        text = read_description(path)
        self._limits: JointLimits = read_limits(text, config.joints, config.interface)
        links = Links(text)
        tool = links.tool(self._limits.joints, config.tool_link)
        if tool.choice:
            _LOG.warning('%s: %s', path.name, tool.choice)
        self._task: Task = make_task(config)
        self._description = with_body_tag(text, _tag(config, self._task))
        self._rng = generator(config.seed, f'body/{self._task.name}')
        self._disturbance = Disturbance.neutral(len(self._limits.joints))
        self._battery = Battery(config.battery_life_s, config.battery_charge_s,
                                config.battery_start)
        home = self._home()
        with loadable(text, path, config.package_path) as found:
            self._scene = BulletScene(found, config, self._limits, home, tool=tool.link,
                                      weightless=links.weightless,
                                      with_puck=self._task.has_object)
        try:
            if config.finds_reach and not self._task.has_object:
                home, region = self._find_reach()
                self._task = replace(self._task, region=region)
            self._rests = home
            if config.task == 'button':
                self._hide_button()
            self._drive = JointDrive(config.interface, self._limits, home)
            self._begin_episode(0)
            self._state = self._sense(None)
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
        return self.config.tolerance

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

    @property
    def disturbances(self) -> frozenset[str]:
        """Which fields of a disturbance it can bring about: of camera and object if it has any."""
        missing = {'camera_offset_m'} if not self.config.image_size else set()
        missing |= {'friction'} if not self._task.has_object else set()
        return frozenset({field.name for field in fields(Disturbance)} - missing)

    def set_disturbance(self, disturbance: Disturbance) -> None:
        """
        Change physics and sensors from the next control step on; the values are copied.

        :raises BodyError: wrong shape, not finite, or a negative payload or damping.
        """
        now = self._disturbance = disturbance.checked(len(self._limits.joints))
        self._scene.set_payload(now.payload_kg)
        self._scene.set_damping(now.damping)
        self._scene.tool_m = now.tool_m
        self._scene.set_friction(now.friction)
        self._scene.set_obstacle(now.obstacle_m)

    def step(self, command: np.ndarray) -> BodyState:
        """
        Apply a command for one control period; begins the next episode after the last one.

        At a new episode the arm goes on from where it is, and the puck is placed anew. Only for
        'button' is the arm put elsewhere, since it would begin where it is to go.

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
        self._scene.drive(applied)
        self._state = self._sense(change)
        return self._state

    def close(self) -> None:
        """Give the simulator back; may be called twice."""
        self._scene.close()

    def _home(self) -> np.ndarray:
        """Return where the arm begins (A,): elbow bent, tool down; else the middle."""
        if not self.config.urdf:
            return np.array(_OWN_HOME)
        bounded = np.isfinite(self._limits.lower)
        lower = np.where(bounded, self._limits.lower, 0.0)
        return (lower + np.where(bounded, self._limits.upper, 0.0)) / 2.0

    def _find_reach(self) -> tuple[np.ndarray, Places]:
        """
        Return where another arm than ours rests (A,), and the places around that it reaches.

        It rests where its tool can be moved well in every direction, so that the elbow is bent,
        and where there is most room around. The arm decides, not the seed of the run.
        """
        rng, scene = np.random.default_rng(0), self._scene
        poses = scene.free(self._around(self._home(), _HOME_SHARE, _HOMES, rng))
        if not len(poses):
            raise BodyError(f"the arm of '{Path(self.config.urdf).name}' collides at each of "
                            f'{_HOMES} poses: set reach_low and reach_high, or self_collision to '
                            'false')
        gains = np.array([np.linalg.svd(scene.jacobian(pose), compute_uv=False)
                          for pose in poses])
        moves = int((gains.max(0) > _LEAST_GAIN_M).sum())       # 2 of an arm in a plane
        best = poses[np.argsort(-gains[:, max(moves, 1) - 1], kind='stable')[:_BEST]]
        home = max(best, key=lambda pose: len(
            scene.free(self._around(pose, _REACH_SHARE, _LOOKS, rng))))
        scene.rest(home)
        free = scene.free(self._around(home, _REACH_SHARE, _POSES, rng))
        return home, Places(np.array([scene.tool_at(pose) for pose in [home, *free]]))

    def _around(self, middle: np.ndarray, share: float, count: int, rng: np.random.Generator
                ) -> np.ndarray:
        """Draw poses (count, A) around one, within a share of what each joint can move."""
        limits = self._limits
        span = np.minimum(limits.upper - limits.lower, _WIDEST)
        margin = 0.05 * span
        return np.clip(middle + share * span * rng.uniform(-0.5, 0.5, (count, len(middle))),
                       limits.lower + margin, limits.upper - margin)

    def _begin_episode(self, episode: int) -> None:
        self._episode, self._step = episode, 0
        if self._task.has_object:
            self._place_puck()
        if self._task.place is not None:
            self._put_away(self._task.place)
        self._goal = self._task.sample_goal(self._rng, self._achieved(),
                                            2.0 * self.config.tolerance)
        self._goal = self._goal + self._disturbance.goal_m
        self._began = self._achieved()
        self._scene.mark_goal(self._goal)

    def _hide_button(self) -> None:
        """Draw where the button is, away from where the arm rests."""
        seed = self.config.seed if self.config.button_seed < 0 else self.config.button_seed
        self._task = replace(self._task, place=self._task.sample_goal(
            generator(seed, 'body/button/place'), self._achieved(), 2.0 * self.config.tolerance))

    def _put_away(self, place: np.ndarray) -> None:
        """Put the arm at some pose at which its tool is away from a place (3,), m."""
        poses = self._around(self._rests, _REACH_SHARE, _STARTS, self._rng)
        away = [pose for pose in self._scene.free(poses)
                if np.linalg.norm(self._scene.tool_at(pose) - place) > 1.5 * self.config.tolerance]
        pose = away[0] if away else self._rests
        self._scene.rest(pose)
        self._drive = JointDrive(self.config.interface, self._limits, pose)

    def _place_puck(self) -> None:
        for _ in range(_MAX_TRIES):
            if self._scene.try_puck(self._task.sample_object(self._rng)):
                break
        self._scene.still_puck()

    def _achieved(self) -> np.ndarray:
        return (self._scene.puck_position() if self._task.has_object
                else self._scene.tool_pose()[0])

    def _sense(self, change: np.ndarray | None) -> BodyState:
        """Read all sensors; `change` (A,) of the command, None before the first command."""
        position, velocity, effort = self._scene.joint_states()
        if change is not None:
            load = float(np.mean(np.minimum(np.abs(effort) / self._limits.effort, 1.0)))
            self._battery.step(stands_still(change, velocity), load,
                               self.config.control_period_s, self._disturbance.drain)
        tool, orientation = self._scene.tool_pose()
        puck = self._scene.puck_position() if self._task.has_object else None
        achieved = tool if puck is None else puck
        alone = self.config.tells_success_alone
        success = bool(reached(achieved, self._goal,
                               self._disturbance.tolerance * self.config.tolerance))
        return BodyState(
            episode=self._episode, step=self._step, channels=self._limits.joints,
            position=position + self._disturbance.bias, velocity=velocity, effort=effort,
            tool_position=tool, tool_orientation=orientation, object_position=puck,
            goal=(self._began if alone else self._goal).copy(), energy=self._battery.charge,
            image=(self._scene.render(self._disturbance.camera_offset_m)
                   if self.config.image_size else None),
            success=success, told=success if alone else None,
            goal_distance=(float(np.linalg.norm(achieved - self._goal))
                           if self.config.observes == 'camera' else None))


def _tag(config: BulletArmConfig, task: Task) -> BodyTag:
    if config.observes == 'camera':
        return BodyTag(config.goal_tolerance, config.horizon, config.control_period_s,
                       'goal_distance', (ChannelField('goal_distance', 'goal_distance.', 1, True),
                                         ChannelField('desired_goal', 'desired_goal.', 1)),
                       ('joint_position',), SEEN_PIXELS)
    extra = (ChannelField('object_position', 'object_position.', 3),) if task.has_object else ()
    return BodyTag(config.tolerance, config.horizon, config.control_period_s,
                   task.goal_field, extra, told=config.tells_success_alone)
