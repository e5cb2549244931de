"""
Sensor fusion: asynchronous body readings become one observation stream.

One observation is made for every joint state. Joints are mapped by name, missing velocities
are estimated, a missing tool pose comes from kinematics, and an observation waits (within
reason) for the readings that belong to its stamp.
"""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from abm_ros.common.errors import SpecError
from abm_ros.common.spec import FieldSpec, ObservationSpec, all_finite
from abm_ros.common.transition import Observation
from abm_ros.robot.description import BodyTag, JointLimits
from abm_ros.robot.images import scaled

POSITION, VELOCITY, TOOL = 'joint_position', 'joint_velocity', 'tool_position'
CAMERA = 'camera'
GOAL = 'desired_goal'
ToolOf = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class JointSample:
    """
    A joint state: names and values as they came; velocity may be empty.

    A simulated body tags it with its episode and the step in it; a real robot does not.
    """

    stamp_ns: int
    names: tuple[str, ...]
    position: Sequence[float]
    velocity: Sequence[float]
    episode: str = ''
    step: int = -1


@dataclass(frozen=True)
class FusionLayout:
    """How body readings make up the observation vector."""

    spec: ObservationSpec
    joints: tuple[str, ...]
    channels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    goal_channels: tuple[str, ...] = ()

    @functools.cached_property
    def needs_tool(self) -> bool:
        """Whether an observation needs the tool's position."""
        return any(f.name == TOOL for f in self.spec.fields)

    def columns(self, names: tuple[str, ...]) -> dict[str, list[int]]:
        """
        Return where in a joint state of these names the numbers of each field are.

        :raises SpecError: a joint or channel is missing.
        """
        place = {name: i for i, name in enumerate(names)}
        wanted = {**self.channels, GOAL: self.goal_channels}
        if any(f.name == POSITION for f in self.spec.fields):
            wanted[POSITION] = self.joints
        missing = [name for group in wanted.values() for name in group if name not in place]
        if missing:
            raise SpecError(f'joint_states lacks {", ".join(missing)}, got {", ".join(names)}')
        return {field: [place[name] for name in group] for field, group in wanted.items()}


def layout_for(limits: JointLimits, tag: BodyTag | None, *, goal_tolerance: float,
               horizon: int, control_period_s: float, camera: int = 0,
               event_share: float = ObservationSpec.event_share) -> FusionLayout:
    """
    Derive the observation layout from what the body says of itself.

    :param tag: the body's own tag; a real robot has none, and then the numbers given count.
    :param camera: width and height to which camera images are scaled, 0 leaves them out.
    :param event_share: see `ObservationSpec`.
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
                           tag.control_period_s, tag.horizon, event_share)
    goal_channels = channels.pop(GOAL, ())
    return FusionLayout(spec, limits.joints, channels, goal_channels)


class SensorFusion:
    """Turns readings into observations, counting episodes and steps."""

    def __init__(self, layout: FusionLayout, tool_of: ToolOf | None) -> None:
        """`tool_of` computes the tool position (3,) from joint positions (J,), or is None."""
        self.layout = layout
        self._tool_of = tool_of
        self._tool: tuple[int, list[float]] | None = None
        self._image: tuple[int, np.ndarray] | None = None
        self._numbers = [part.name for part in layout.spec.fields if not part.is_image]
        self._goal: tuple[int, np.ndarray] | None = None
        self._stay: np.ndarray | None = None
        self._previous: tuple[int, list[float]] | None = None
        self._names: tuple[str, ...] | None = None
        self._columns: dict[str, list[int]] = {}
        self._waiting: JointSample | None = None
        self._last_stamp = -1
        self._episode, self._step, self._tag = 0, -1, ''
        self._episode_goal_ns = -1
        self._whole = False

    @property
    def waits_for_tool(self) -> bool:
        """Whether an observation needs a tool position that somebody must publish."""
        return self.layout.needs_tool and self._tool_of is None

    def tool(self, stamp_ns: int, position: np.ndarray) -> Observation | None:
        """Take a tool position (3,) m; may release the observation that waited for it."""
        self._tool = (stamp_ns, _finite('tool_pose', np.asarray(position, float)).tolist())
        return self._release()

    @property
    def image_size(self) -> int:
        """Width and height of the image that belongs to an observation, 0 for none."""
        images = self.layout.spec.images
        return images[0].shape[-1] if images else 0

    def image(self, stamp_ns: int, pixels: np.ndarray) -> Observation | None:
        """
        Take a camera image (H, W, 3) uint8; may release the observation that waited for it.

        :raises SpecError: it is no such image.
        """
        self._image = (stamp_ns, scaled(pixels, self.image_size))
        return self._release()

    def goal(self, stamp_ns: int, goal: np.ndarray) -> Observation | None:
        """Take a desired goal (G,); may release the observation that waited for it."""
        self._goal = (stamp_ns, _finite('task/goal', np.asarray(goal, float)))
        return self._release()

    def joints(self, sample: JointSample) -> Observation | None:
        """
        Take a joint state; return the observation when all that belongs to it is there.

        :raises SpecError: joints are missing, or values are not finite.
        """
        if sample.stamp_ns == self._last_stamp:
            return None
        self._waiting = sample
        return self._release()

    def give_up_waiting(self) -> Observation | None:
        """Return the waiting observation with the newest readings there are, however old."""
        return self._release(patient=False)

    def _release(self, *, patient: bool = True) -> Observation | None:
        sample = self._waiting
        if sample is None or (patient and self._must_wait(sample)):
            return None
        self._look_up(sample)
        vector = self._vector(sample)
        if vector is None:
            return None
        goal = self._goal_for(sample, vector)
        self._waiting = None
        self._last_stamp = sample.stamp_ns
        self._count(sample)
        return Observation(sample.stamp_ns, vector, goal, self._episode, self._step, self._whole)

    def _must_wait(self, sample: JointSample) -> bool:
        layout = self.layout
        late_tool = self.waits_for_tool and (
            self._tool is None or self._tool[0] < sample.stamp_ns)
        begins = sample.step == 0 and sample.episode != self._tag
        late_goal = (not layout.goal_channels and (begins or self._goal is None)
                     and sample.episode != ''
                     and (self._goal is None or self._goal[0] < sample.stamp_ns))
        late_image = bool(layout.spec.images) and (
            self._image is None or self._image[0] < sample.stamp_ns)
        return late_tool or late_goal or late_image

    def _goal_for(self, sample: JointSample, vector: np.ndarray) -> np.ndarray:
        if self.layout.goal_channels:
            position = sample.position
            return _finite('joint_states', np.array(
                [position[i] for i in self._columns[GOAL]], np.float32))
        if self._goal is None:
            # Nobody has set a goal yet: to stay where the episode began is the goal.
            if self._stay is None or self._begins(sample):
                self._stay = vector[self.layout.spec.goal_slice].copy()
            return self._stay
        size = self.layout.spec.goal_size
        if self._goal[1].size < size:
            raise SpecError(f'task/goal carries {self._goal[1].size} numbers, the goal has {size}')
        return self._goal[1][:size].astype(np.float32)

    def _look_up(self, sample: JointSample) -> None:
        """Find the joints and channels by name, once for every order in which they come."""
        if sample.names != self._names:
            self._columns = self.layout.columns(sample.names)
            self._names = sample.names
        if len(sample.position) != len(sample.names):
            raise SpecError(f'joint_states names {len(sample.names)} joints and carries '
                            f'{len(sample.position)} values')

    def _vector(self, sample: JointSample) -> np.ndarray | None:
        """Return the observation (D,) float32, None while the tool's position is unknown."""
        position, columns = sample.position, self._columns
        values: list[float] = []
        for name in self._numbers:
            if name == VELOCITY:
                values += self._velocity(sample)
            elif name != TOOL:
                values += [position[i] for i in columns[name]]
            elif self._tool_of is not None:
                joints = np.array([position[i] for i in columns[POSITION]])
                values += self._tool_of(_finite('joint_states', joints)).tolist()
            elif self._tool is not None:
                values += self._tool[1]
            else:
                return None
        vector = _finite('joint_states', np.array(values, np.float32))
        if self.layout.spec.images:
            if self._image is None:
                return None
            vector = np.concatenate([vector, self._image[1]])
        if POSITION in columns:
            self._previous = (sample.stamp_ns, [position[i] for i in columns[POSITION]])
        return vector

    def _velocity(self, sample: JointSample) -> list[float]:
        columns, before = self._columns[POSITION], self._previous
        # Drivers without a velocity sensor leave it out, or fill it with NaN.
        if len(sample.velocity) == len(sample.names):
            velocity = [sample.velocity[i] for i in columns]
            if math.isfinite(sum(velocity)):
                return velocity
        if before is None or sample.stamp_ns <= before[0]:
            return [0.0] * len(columns)
        elapsed_s = (sample.stamp_ns - before[0]) * 1e-9
        return [(sample.position[i] - last) / elapsed_s
                for i, last in zip(columns, before[1], strict=True)]

    def _begins(self, sample: JointSample) -> bool:
        """Tell whether an episode begins: a body's reset, a new goal, or the time limit."""
        if sample.episode:
            return sample.episode != self._tag
        return (self._goal_ns != self._episode_goal_ns
                or self._step + 1 > self.layout.spec.horizon)

    @property
    def _goal_ns(self) -> int:
        return self._goal[0] if self._goal is not None else -1

    def _count(self, sample: JointSample) -> None:
        fresh = self._begins(sample)
        if fresh and self._step >= 0:
            self._episode += 1
        if fresh or self._step < 0:
            self._whole = sample.step == 0 if sample.episode else self._step >= 0
        self._step = 0 if fresh else self._step + 1
        self._tag, self._episode_goal_ns = sample.episode, self._goal_ns


def _finite(name: str, value: np.ndarray) -> np.ndarray:
    if not all_finite(value):
        raise SpecError(f'{name} holds NaN or infinity')
    return value
