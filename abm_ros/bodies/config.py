"""Settings of the simulated bodies; kept apart from them so that no simulator is imported."""

from dataclasses import dataclass

from abm_ros.common.config import check, setting
from abm_ros.common.errors import ConfigError

PHYSICS_RATE_HZ = 240
INTERFACES = ('position', 'velocity', 'effort')
TASK_NAMES = ('reach', 'push', 'button')
# After success the arm is put elsewhere, from where a controller of positions would drive it back.
BUTTON_INTERFACE = 'velocity'
OBSERVES = ('state', 'camera')
OWN_REACH_M = ((0.30, -0.25, 0.15), (0.55, 0.25, 0.50))   # corners of a box before our arm
SEEN_PIXELS = 64     # width and height of the image in an observation


@dataclass(frozen=True)
class BulletArmConfig:
    """An arm in PyBullet."""

    task: str = setting('reach', 'What the goal is about.', choices=TASK_NAMES)
    observes: str = setting(
        'state', 'What is observed: joints, tool and object; or joint positions and the camera '
        'alone, the goal being a marker in the picture. Its distance is then measured for '
        'learning, and not perceived.', choices=OBSERVES)
    urdf: str = setting('', "Path of the arm's URDF; empty takes abm_arm.urdf.")
    package_path: tuple[str, ...] = setting(
        (), 'Folders of packages, or packages, that hold the meshes of the URDF, looked at before '
        'the ament index.')
    joints: tuple[str, ...] = setting(
        (), 'Joints that are commanded, in this order; empty takes every moving joint described.')
    tool_link: str = setting(
        '', 'Link of the tool; empty takes the tip of the longest actuated chain.')
    gui: bool = setting(False, 'Open the window of PyBullet.')
    interface: str = setting('position', 'What a command is.', choices=INTERFACES)
    control_rate_hz: int = setting(
        20, f'Control steps per simulated second; divides {PHYSICS_RATE_HZ}.', unit='Hz',
        low=1, high=PHYSICS_RATE_HZ)
    horizon: int = setting(50, 'Control steps of an episode.', low=1, high=100_000)
    ends_at_success: bool = setting(
        True, 'End an episode once its goal is reached; otherwise it goes on to the horizon.')
    goal_tolerance: float = setting(
        0.05, 'Distance at which the goal is reached.', unit='m', low=0.001, high=1.0)
    button_radius: float = setting(
        0.1, "Distance from the button up to which 'button' is a success.", unit='m',
        low=0.001, high=1.0)
    button_seed: int = setting(
        -1, 'Seed of the place of the button; -1 takes that of goals.', low=-1)
    button_shown: bool = setting(
        False, 'Let the place of the button be the goal; otherwise success alone is told.')
    reach_low: tuple[float, ...] = setting(
        OWN_REACH_M[0], "Lower corner of the box of 'reach' goals. Where the box is left as it is "
        'and the arm is another, goals lie where that arm was found to reach.', unit='m',
        low=-10.0, high=10.0)
    reach_high: tuple[float, ...] = setting(
        OWN_REACH_M[1], "Upper corner of the box of 'reach' goals.", unit='m',
        low=-10.0, high=10.0)
    camera_size: int = setting(
        0, 'Width and height of the camera image; 0 for no camera, or, where the camera is '
        f'observed, for {2 * SEEN_PIXELS}.', unit='pixel',
        low=0, high=2048)
    camera_eye: tuple[float, ...] = setting(
        (0.95, -0.60, 0.65), 'Where the camera is; it frames where goals are.', unit='m',
        low=-10.0, high=10.0)
    camera_target: tuple[float, ...] = setting(
        (0.38, 0.0, 0.30), 'What the camera looks at.', unit='m', low=-10.0, high=10.0)
    battery_life_s: float = setting(
        300.0, 'Simulated time of unloaded motion that empties the battery.', unit='s',
        low=0.1, high=1e9)
    battery_charge_s: float = setting(
        30.0, 'Simulated time of standing still that fills the battery.', unit='s',
        low=0.1, high=1e9)
    battery_start: float = setting(1.0, 'Charge at the start.', low=0.0, high=1.0)
    self_collision: bool = setting(True, 'Whether links of the arm collide with each other.')
    seed: int = setting(0, 'Seed of goals and object placement.', low=0)

    def __post_init__(self) -> None:
        check(self)
        if PHYSICS_RATE_HZ % self.control_rate_hz:
            raise ConfigError(f'BulletArmConfig.control_rate_hz: {self.control_rate_hz} does not '
                              f'divide the physics rate, {PHYSICS_RATE_HZ} Hz')
        if self.task == 'button' and self.interface != BUTTON_INTERFACE:
            raise ConfigError(f"BulletArmConfig.interface: '{self.interface}' does not go with "
                              f"the task 'button', expected '{BUTTON_INTERFACE}'")
        for name in ('reach_low', 'reach_high', 'camera_eye', 'camera_target'):
            if len(getattr(self, name)) != 3:
                raise ConfigError(f'BulletArmConfig.{name}: expected 3 numbers x y z, got '
                                  f'{len(getattr(self, name))}')
        if any(low > high for low, high in zip(self.reach_low, self.reach_high, strict=True)):
            raise ConfigError('BulletArmConfig.reach_low: expected no coordinate above '
                              f'reach_high, got {self.reach_low} and {self.reach_high}')

    @property
    def image_size(self) -> int:
        """Width and height of the camera image, pixels; 0 for no camera."""
        # Twice what is observed: averaging it down shows how much of a pixel a thing covers.
        return self.camera_size or (2 * SEEN_PIXELS if self.observes == 'camera' else 0)

    @property
    def tolerance(self) -> float:
        """Distance at which the task is done, m."""
        return self.button_radius if self.task == 'button' else self.goal_tolerance

    @property
    def tells_success_alone(self) -> bool:
        """Whether no goal says where success is."""
        return self.task == 'button' and not self.button_shown

    @property
    def finds_reach(self) -> bool:
        """Whether it is to be found out where 'reach' goals can lie."""
        return bool(self.urdf) and (self.reach_low, self.reach_high) == OWN_REACH_M

    @property
    def substeps(self) -> int:
        """Physics steps of one control step."""
        return PHYSICS_RATE_HZ // self.control_rate_hz

    @property
    def control_period_s(self) -> float:
        """Simulated time of one control step, s."""
        return 1.0 / self.control_rate_hz


@dataclass(frozen=True)
class GymBodyConfig:
    """A gymnasium goal environment; fallbacks are used where it does not say itself."""

    env_id: str = setting('PandaReach-v3', 'Id that gymnasium knows.')
    module: str = setting('', 'Module whose import registers the id; empty for a known one.')
    told: bool = setting(
        False, 'Success and reward are what the environment tells, and its goal means nothing.')
    horizon: int = setting(
        50, 'Control steps of an episode, if the environment has no limit.', low=1, high=100_000)
    goal_tolerance: float = setting(
        0.05, 'Distance at which the goal is reached, if the environment has no threshold.',
        low=1e-6, high=1e6)
    ends_at_success: bool = setting(
        True, 'End an episode once its goal is reached; otherwise it goes on to the horizon.')
    control_period_s: float = setting(
        0.05, 'Time of one step, if the environment does not say.', unit='s', low=1e-4, high=10.0)
    camera: bool = setting(False, "Publish the environment's rendered image.")
    seed: int = setting(0, 'Seed of the environment.', low=0)

    def __post_init__(self) -> None:
        check(self)
