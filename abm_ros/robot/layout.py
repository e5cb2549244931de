"""The layout of observations: which joints and channels make up which fields."""

import functools
from dataclasses import dataclass, field

from abm_ros.common.config import check, setting
from abm_ros.common.errors import SpecError
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.robot.description import BodyTag, JointLimits

POSITION, VELOCITY, TOOL = 'joint_position', 'joint_velocity', 'tool_position'
CAMERA = 'camera'
GOAL = 'desired_goal'


@dataclass(frozen=True)
class LayoutConfig:
    """What is observed of a robot that does not say it itself, and what success is."""

    goal_tolerance: float = setting(
        0.05, 'Distance at which a goal is reached (a simulated body says its own).',
        unit='m', low=0.0001, high=10.0)
    success: str = setting(
        'goal', "What success is: 'goal' takes what task/success tells, else the distance to the "
        "goal; 'told' takes task/success alone, for a task whose goal has no place (a simulated "
        'body says its own).',
        choices=('goal', 'told'))
    horizon: int = setting(
        50, 'Steps after which an episode is cut (a simulated body says its own).',
        low=1, high=100000)
    event_share: float = setting(
        0.03, 'What the goal is about has moved when it moved by more than this share of the '
        'tolerance in a step.', low=1e-6, high=10.0)
    control_period_s: float = setting(
        0.05, 'Time between two observations; faster joint states are thinned out.',
        unit='s', low=0.001, high=1.0)
    camera_size: int = setting(
        0, 'Width and height to which camera images are scaled to be observed; 0 leaves them out '
        '(a simulated body says its own).', unit='pixel', low=0, high=512)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class FusionLayout:
    """How body readings make up the observation vector."""

    spec: ObservationSpec
    joints: tuple[str, ...]
    continuous: tuple[bool, ...] = ()
    channels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    goal_channels: tuple[str, ...] = ()

    @functools.cached_property
    def needs_tool(self) -> bool:
        """Whether an observation needs the tool's position."""
        return self._has(TOOL)

    def _has(self, *fields: str) -> bool:
        return any(f.name in fields for f in self.spec.fields)

    def wanted(self, *, joints: bool) -> dict[str, tuple[str, ...]]:
        """
        Return the names in joint states that make up each field, and the goal.

        :param joints: whether the joints are needed even if none of them is observed.
        """
        groups = {**self.channels, GOAL: self.goal_channels}
        if joints or self._has(POSITION, VELOCITY):
            groups = {POSITION: self.joints, **groups}
        return groups


def layout_by(config: LayoutConfig, limits: JointLimits, tag: BodyTag | None) -> FusionLayout:
    """As `layout_for`, with these settings."""
    return layout_for(
        limits, tag, goal_tolerance=config.goal_tolerance, horizon=config.horizon,
        control_period_s=config.control_period_s, camera=config.camera_size,
        event_share=config.event_share, told=config.success == 'told')


def layout_for(limits: JointLimits, tag: BodyTag | None, *, goal_tolerance: float,
               horizon: int, control_period_s: float, camera: int = 0,
               event_share: float = ObservationSpec.event_share, told: bool = False
               ) -> FusionLayout:
    """
    Derive the observation layout from the body's tag.

    :param tag: the body's tag; a real robot has none, and then the given numbers count.
    :param camera: width and height to which camera images are scaled, 0 leaves them out.
    :param event_share: see `ObservationSpec`, also for `told`.
    :raises SpecError: the tag names a sense that an arm does not have.
    """
    actions = len(limits.joints)
    if tag is None:
        tag = BodyTag(goal_tolerance, horizon, control_period_s, TOOL, camera=camera)
    channels = {f.name: tuple(f'{f.channels}{i}' for i in range(f.size)) for f in tag.fields}
    sizes = {POSITION: actions, VELOCITY: actions, TOOL: 3}
    senses = tag.senses if tag.senses is not None else () if GOAL in channels else tuple(sizes)
    if unknown := [sense for sense in senses if sense not in sizes]:
        raise SpecError(f"an arm has no sense '{unknown[0]}', expected {', '.join(sizes)}")
    # An arm's own joints and tool come first, extra channels (an object) after, images last.
    fields = [*(FieldSpec(sense, sizes[sense], angles=sense == POSITION and limits.turns)
                for sense in senses),
              *(FieldSpec(f.name, f.size, hidden=f.hidden) for f in tag.fields if f.name != GOAL)]
    if tag.camera:
        fields.append(FieldSpec(CAMERA, 3 * tag.camera ** 2, (3, tag.camera, tag.camera)))
    spec = ObservationSpec(tuple(fields), tag.goal_field, tag.goal_tolerance, actions,
                           tag.control_period_s, tag.horizon, event_share, told or tag.told)
    goal_channels = channels.pop(GOAL, ())
    return FusionLayout(spec, limits.joints, limits.continuous, channels, goal_channels)
