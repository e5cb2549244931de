"""
Imports demonstrations from bags of other robots: joint states and commands in, steps out.

A bag is sampled at the control period of the record. At each tick the newest joint state is the
observation. The action is the motion to where the next command wants the arm one period later,
normalised as by the motor gate. Joint states may come in parts, for example of an arm and of its
gripper. Missing velocities are differences of positions. A missing tool position is computed from
the bag's `robot_description` or a given URDF. A bag does not contain goals, so the goal of an
episode is the achieved goal at its end. The steps have the provenance 'teacher' (decision 0037).
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from abm_ros.common.errors import SpecError, StoreError
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Step
from abm_ros.exchange.bag_commands import Plan, plan_of, why_none
from abm_ros.exchange.bag_messages import SECOND, Stretch, Timed, hear
from abm_ros.exchange.bag_options import BagOptions
from abm_ros.exchange.names import JOINT_POSITION, JOINT_VELOCITY, TOOL
from abm_ros.robot.description import JointLimits, read_limits
from abm_ros.robot.joint_readings import JointReadings, JointSample, near_side
from abm_ros.robot.kinematics import ForwardKinematics
from abm_ros.robot.motor_guard import MotorConfig, tightened

_GAP_S = 1.0           # a longer silence of the joint states ends an episode
_GAP_PERIODS = 3       # where these are longer
_SLOWER = 1.5          # times the period, at which joint states are too slow for it
_MODE = 'imitate'      # recorded for another robot; a label without a row


@dataclass(frozen=True)
class Track:
    """The readings of a stretch, each as stamps (N,) ns and values (N, ...)."""

    stamps: np.ndarray
    position: np.ndarray                   # (N, J) rad or m, the newest of each joint, unwrapped
    velocity: np.ndarray                   # (N, J) rad/s or m/s, nan where it was not told
    fresh: np.ndarray                      # (N, J) bool, whether the joint was read just then
    plans: Sequence[Plan]                  # in the order of arrival
    tool_stamps: np.ndarray
    tool: np.ndarray                       # (K, 3) m

    @property
    def between_s(self) -> float:
        """Usual time between two readings of the joint that is read least often; 0 if unknown."""
        gaps = [np.diff(self.stamps[fresh]) for fresh in self.fresh.T]
        return max((float(np.median(gap)) / SECOND for gap in gaps if len(gap)), default=0.0)


@dataclass(frozen=True)
class Bag:
    """The contents of a bag about some joints."""

    tracks: Sequence[Track]
    limits: JointLimits
    description: str

    @property
    def joints(self) -> tuple[str, ...]:
        """The joints that the commands move, in their order."""
        return self.limits.joints


def read_bag(files: Sequence[Path], options: BagOptions) -> Bag:
    """
    Read the joint states and commands of the MCAP files of a bag.

    :raises StoreError: it has none, or several and the options do not choose.
    """
    stretches, description = hear(files, options)
    commands = [content for s in stretches for _, content in s.commands]
    names = list(dict.fromkeys(name for s in stretches for _, m in s.states for name in m.name))
    joints = options.joints or tuple(getattr(commands[0], 'joint_names', ()))
    if not joints:
        raise StoreError(f'{files[0]}: the commands do not name their joints: give --joints in '
                         f"the controller's order, of {', '.join(names)}")
    if not set(joints) <= set(names):
        raise StoreError(f'{files[0]}: no joint state names all of {", ".join(joints)}')
    description = options.urdf or description
    if not description:
        raise StoreError('the limits of the joints are not known: the bag has no '
                         'robot_description; give the URDF')
    limits = read_limits(description, joints, options.interface)
    tracks = [_track(s, limits, options.interface) for s in stretches]
    if not any(len(track.stamps) for track in tracks):
        raise StoreError(f'{files[0]}: no joint state has a position for each of '
                         f'{", ".join(joints)}')
    if not any(track.plans for track in tracks):
        raise StoreError(f'{files[0]}: {why_none(commands, joints, options.interface)}')
    return Bag([t for t in tracks if len(t.stamps) and t.plans], limits, description)


def _track(heard: Stretch, limits: JointLimits, interface: str) -> Track:
    stamps, position, velocity, fresh = _rows(heard.states, limits)
    plans = [plan_of(stamp, message, limits.joints, interface)
             for stamp, message in heard.commands]
    return Track(
        stamps, position, velocity, fresh, [plan for plan in plans if plan is not None],
        np.array([s for s, _ in heard.poses], np.int64),
        np.array([[m.pose.position.x, m.pose.position.y, m.pose.position.z]
                  for _, m in heard.poses]).reshape(-1, 3))


def _rows(states: Sequence[Timed], limits: JointLimits
          ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return stamps, positions, velocities and freshness from when all joints are known."""
    newest = JointReadings(limits.joints, limits.continuous)
    rows: dict[int, tuple[list[float], list[float], list[bool]]] = {}
    for stamp, message in states:
        with suppress(SpecError):          # a reading that is none
            newest.take(JointSample(stamp, tuple(message.name), message.position,
                                    message.velocity), stamp * 1e-9)
        if np.isfinite(newest.position).all():
            rows[stamp] = (list(newest.position), list(newest.velocity),
                           [read == stamp for read in newest.stamps_ns])
    size = len(limits.joints)
    return (np.array(list(rows), np.int64),
            *(np.array([row[kind] for row in rows.values()]).reshape(-1, size)
              for kind in range(3)))  # type: ignore[return-value]


def spec_for(bag: Bag, options: BagOptions) -> ObservationSpec:
    """Return the spec of a new record for this bag: joints, and the tool if it is known."""
    count = len(bag.joints)
    fields = [FieldSpec(JOINT_POSITION, count), FieldSpec(JOINT_VELOCITY, count)]
    has_tool = bool(bag.description) or all(len(t.tool) for t in bag.tracks)
    if has_tool:
        fields.append(FieldSpec(TOOL, 3))
    return ObservationSpec(tuple(fields), TOOL if has_tool else JOINT_POSITION,
                           options.tolerance, count, options.period_s, 50)


def demonstrations(bag: Bag, spec: ObservationSpec, options: BagOptions, first_episode: int
                   ) -> Iterator[Step]:
    """
    Iterate over the steps of a bag.

    :raises StoreError: the bag lacks something that the spec contains.
    """
    known = {JOINT_POSITION: len(bag.joints), JOINT_VELOCITY: len(bag.joints), TOOL: 3}
    strange = [f.name for f in spec.fields if known.get(f.name) != f.size]
    if strange or spec.action_size != len(bag.joints):
        raise StoreError(f'the record observes {", ".join(strange) or "other joints"} and takes '
                         f'{spec.action_size} actions; the bag shows {len(bag.joints)} joints')
    period = spec.control_period_s
    usual = max(track.between_s for track in bag.tracks)
    if usual > _SLOWER * period:
        raise StoreError(f'the joint states come every {usual:.3g} s, the record has a period of '
                         f'{period:g} s, which they cannot show; import into a new record with '
                         f'--period {usual:.2g}')
    demonstrator, episode = _Demonstrator(bag, spec, options), first_episode
    for track in bag.tracks:
        between = np.diff(track.stamps) / SECOND
        cuts = np.flatnonzero(between > max(_GAP_S, _GAP_PERIODS * period)) + 1
        for part in np.split(np.arange(len(track.stamps)), cuts):
            steps = demonstrator.steps(track, part, episode)
            if len(steps) >= 2:
                yield from steps
                episode += 1
    if episode == first_episode:
        raise StoreError(f'the bag shows no two steps of {period:g} s between its joint states '
                         'and commands')


class _Demonstrator:
    """Turns stretches of readings into episodes of one spec."""

    def __init__(self, bag: Bag, spec: ObservationSpec, options: BagOptions) -> None:
        self._spec, self._options = spec, options
        self._period_ns = round(spec.control_period_s * SECOND)
        self._continuous = bag.limits.continuous
        self._full = _full(bag.limits, options.interface, spec.control_period_s)
        self._arm: ForwardKinematics | None = None
        self._has_tool = any(f.name == TOOL for f in spec.fields)
        if self._has_tool and not all(len(t.tool) for t in bag.tracks):
            self._arm = ForwardKinematics(bag.description, bag.joints, options.tool_link)

    def steps(self, track: Track, part: np.ndarray, episode: int) -> list[Step]:
        """Return the episode of a stretch of joint states, in steps of the period."""
        spec, period = self._spec, self._period_ns
        stamps = track.stamps[part]
        ticks = np.arange(stamps[0], stamps[-1] + 1, period)
        ticks = ticks[np.searchsorted(ticks, track.plans[0].stamp_ns - period, 'right'):]
        if len(ticks) < 2:
            return []
        position = track.position[part]
        velocity = _velocity(stamps, position, track.velocity[part], track.fresh[part])
        state = np.searchsorted(stamps, ticks, 'right') - 1
        observation = self._observations(track, position[state], velocity[state], ticks)
        action = self._actions(track, stamps, position, velocity, ticks)
        achieved = observation[:, spec.goal_slice]
        reached = spec.reached(achieved, achieved[-1])
        return [Step(episode, n, int(stamp), observation[n], achieved[-1],
                     action[n] if n < len(ticks) - 1 else None, _MODE, bool(reached[n]),
                     'teacher') for n, stamp in enumerate(ticks)]

    def _observations(self, track: Track, position: np.ndarray, velocity: np.ndarray,
                      ticks: np.ndarray) -> np.ndarray:
        columns = {JOINT_POSITION: position, JOINT_VELOCITY: velocity}
        if self._has_tool:
            columns[TOOL] = self._tool(track, position, ticks)
        return np.concatenate([columns[f.name] for f in self._spec.fields], 1).astype(np.float32)

    def _tool(self, track: Track, position: np.ndarray, ticks: np.ndarray) -> np.ndarray:
        if self._arm is not None and not len(track.tool):
            return np.array([self._arm.tool_position(row) for row in position])
        newest = np.searchsorted(track.tool_stamps, ticks, 'right') - 1
        return track.tool[np.maximum(newest, 0)]

    def _actions(self, track: Track, stamps: np.ndarray, position: np.ndarray,
                 velocity: np.ndarray, ticks: np.ndarray) -> np.ndarray:
        """Return the action commanded in the period after each tick, in units of a full action."""
        came = np.array([plan.stamp_ns for plan in track.plans])
        # The first within the period, else the last one before it, which the controller keeps.
        after = np.searchsorted(came, ticks, 'left')
        within = (after < len(came)) & (
            came[np.minimum(after, len(came) - 1)] < ticks + self._period_ns)
        begun: dict[int, Plan] = {}
        asked = []
        for tick, number in zip(ticks, np.where(within, after, np.maximum(after - 1, 0)),
                                strict=True):
            if number not in begun:
                plan = track.plans[number]
                at = max(0, int(np.searchsorted(stamps, plan.begin_ns, 'right')) - 1)
                begun[number] = (plan.led_from(position[at], velocity[at], self._continuous)
                                 if self._is_position else plan)
            plan = begun[number]
            asked.append(plan.due(max(int(tick), plan.stamp_ns) + self._period_ns))
        way = np.array(asked)
        if self._is_position:
            way = near_side(way - position[np.searchsorted(stamps, ticks, 'right') - 1],
                            self._continuous)
        return np.clip(way / self._full, -1.0, 1.0).astype(np.float32)

    @property
    def _is_position(self) -> bool:
        return self._options.interface == 'position'


def _velocity(stamps: np.ndarray, position: np.ndarray, told: np.ndarray, fresh: np.ndarray
              ) -> np.ndarray:
    """Return the velocities (N, J) of a stretch of joint states: differences if none are told."""
    found = np.nan_to_num(told)
    for joint in np.flatnonzero(np.isnan(told).any(0)):
        read = np.flatnonzero(fresh[:, joint])
        if len(read) < 2:
            continue
        speed = np.gradient(position[read, joint], stamps[read] / SECOND)
        newest = np.maximum(np.searchsorted(read, np.arange(len(stamps)), 'right') - 1, 0)
        missing = np.isnan(told[:, joint])
        found[missing, joint] = speed[newest[missing]]
    return found


def _full(limits: JointLimits, interface: str, period_s: float) -> np.ndarray:
    """Return the command (J,) of a full action."""
    gate = MotorConfig(command_interface=interface, control_period_s=period_s)
    if interface == 'effort':
        return limits.effort * gate.effort_scale
    full = tightened(limits, gate).velocity * gate.velocity_scale
    return full * period_s if interface == 'position' else full
