"""
Demonstrations out of bags from other robots: joint states and commands in, steps out.

A bag tells what joints did and what they were told. It is sampled at the control period of the
record it goes to: at each tick the newest joint state is the observation, and the command that
followed it is the action, normalised as the motor gate would have. Velocities that a bag lacks
are differences of positions; a tool position that it lacks is computed from its
`robot_description` or a given URDF. What was pursued is not in a bag: each episode's goal is what
it ended with. The steps are of the provenance 'teacher'.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from abm_ros.common.errors import StoreError
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Step
from abm_ros.exchange.bag_options import BagOptions
from abm_ros.exchange.mcap_import import readable
from abm_ros.exchange.names import JOINT_POSITION, JOINT_VELOCITY, TOOL, needed
from abm_ros.robot.description import JointLimits, read_limits
from abm_ros.robot.kinematics import ForwardKinematics
from abm_ros.robot.motor_guard import MotorConfig, tightened

_SECOND = 1_000_000_000
_GAP_S = 1.0           # a longer silence of the joint states ends an episode
_GAP_PERIODS = 3       # where these are longer
_LAG_S = 0.5           # between a stamp and its recording; more tells of another clock
_SLOWER = 1.5          # times the period, at which joint states are too slow for it
_COMMANDS = ('std_msgs/msg/Float64MultiArray', 'trajectory_msgs/msg/JointTrajectory')
_MODE = 'imitate'      # the record's mode for what another robot did; a label, no row is asked
_JOINTS = 'sensor_msgs/msg/JointState'
_POSE = 'geometry_msgs/msg/PoseStamped'


@dataclass
class Bag:
    """What a bag says, each as stamps (N,) ns and values (N, ...)."""

    joints: tuple[str, ...]
    stamps: np.ndarray
    position: np.ndarray                   # (N, J) rad or m
    velocity: np.ndarray                   # (N, J) rad/s or m/s, nan where it was not told
    command_stamps: np.ndarray
    command: np.ndarray                    # (M, J)
    tool_stamps: np.ndarray
    tool: np.ndarray                       # (K, 3) m
    description: str


@dataclass
class _Heard:
    # When it was recorded, and what.
    states: list[tuple[int, Any]] = field(default_factory=list)
    commands: list[tuple[int, Any]] = field(default_factory=list)
    poses: list[tuple[int, Any]] = field(default_factory=list)
    description: str = ''


def read_bag(files: Sequence[Path], options: BagOptions) -> Bag:
    """
    Read the joint states and commands of the MCAP files of a bag.

    :raises StoreError: it has none, or several among which the options do not choose.
    """
    heard, path = _Heard(), files[0]
    for file in files:
        _hear(file, options, heard)
    if not heard.states or not heard.commands:
        raise StoreError(f'{path}: expected joint states ({_JOINTS}) and commands '
                         f'({" or ".join(_COMMANDS)}), got {len(heard.states)} and '
                         f'{len(heard.commands)} messages')
    joints = options.joints or tuple(getattr(heard.commands[0][1], 'joint_names', ()))
    if not joints:
        raise StoreError(f'{path}: the commands do not name their joints: give --joints in the '
                         f"controller's order, of {', '.join(heard.states[0][1].name)}")
    states = [(stamp, m) for stamp, m in _one_clock(heard.states) if set(joints) <= set(m.name)]
    if not states:
        raise StoreError(f'{path}: no joint state names all of {", ".join(joints)}')
    states = [(stamp, m) for stamp, m in states
              if np.isfinite(_by_name(m, 'position', joints)).all()]
    if not states:
        raise StoreError(f'{path}: no joint state has a position for each of {", ".join(joints)}')
    commands = [(stamp, _target(m, joints)) for stamp, m in heard.commands]
    commands = [(stamp, target) for stamp, target in commands if target is not None]
    if not commands:
        raise StoreError(f'{path}: no command has a number for each of {", ".join(joints)}; '
                         'name the joints of the controller in its order')
    position, velocity = (np.array([_by_name(m, kind, joints) for _, m in states])
                          for kind in ('position', 'velocity'))
    poses = _one_clock(heard.poses)
    return Bag(joints, np.array([s for s, _ in states]), position, velocity,
               np.array([s for s, _ in commands]), np.array([c for _, c in commands], float),
               np.array([s for s, _ in poses], np.int64),
               np.array([[m.pose.position.x, m.pose.position.y, m.pose.position.z]
                         for _, m in poses]).reshape(-1, 3),
               options.urdf or heard.description)


def _one_clock(heard: Sequence[tuple[int, Any]]) -> list[tuple[int, Any]]:
    """
    Return messages with the times (ns) at which they held, in order, each time once.

    That is their stamp, unless it is of another clock than the recorder's: simulated time, or
    none at all. Commands have no stamp, so all must go by the recorder's clock then.
    """
    stamps = [_stamp(message) for _, message in heard]
    lags = [log - stamp for stamp, (log, _) in zip(stamps, heard, strict=True)]
    if lags and abs(float(np.median(lags))) > _LAG_S * _SECOND:
        stamps = [log for log, _ in heard]
    timed = {stamp: message for stamp, (_, message) in zip(stamps, heard, strict=True)}
    return sorted(timed.items(), key=lambda item: item[0])


def _hear(path: Path, options: BagOptions, heard: _Heard) -> None:
    factory = needed('mcap_ros2.decoder').DecoderFactory()
    with readable(path), open(path, 'rb') as stream:
        reader = needed('mcap.reader').make_reader(
            stream, validate_crcs=True, decoder_factories=[factory])
        summary = reader.get_summary()
        if summary is None:
            raise StoreError(f'{path}: has no summary; mend it with the mcap tool first')
        kinds = {c.topic: summary.schemas[c.schema_id].name for c in summary.channels.values()
                 if c.schema_id in summary.schemas}
        states = _choose(path, 'joint states', options.joint_topic,
                         [t for t, kind in kinds.items() if kind == _JOINTS], '/joint_states')
        orders = _choose(path, 'commands', options.command_topic,
                         [t for t, kind in kinds.items() if kind in _COMMANDS], '')
        poses = [t for t, kind in kinds.items() if kind == _POSE and t.endswith('tool_pose')]
        topics = [states, orders, *poses[:1], '/robot_description']
        for _, channel, record, message in reader.iter_decoded_messages(topics):
            if channel.topic == states:
                heard.states.append((record.log_time, message))
            elif channel.topic == orders:
                heard.commands.append((record.log_time, message))
            elif channel.topic == '/robot_description':
                heard.description = message.data
            else:
                heard.poses.append((record.log_time, message))


def _choose(path: Path, what: str, wanted: str, there: Sequence[str], usual: str) -> str:
    if wanted and wanted not in there:
        raise StoreError(f'{path}: no {what} on {wanted}, expected one of {", ".join(there)}')
    if not there:
        raise StoreError(f'{path}: holds no {what}')
    if not wanted and usual in there:
        return usual
    if not wanted and len(there) > 1:
        raise StoreError(f'{path}: {what} on several topics, choose one: {", ".join(there)}')
    return wanted or there[0]


def _stamp(message: Any) -> int:
    head = getattr(message, 'header', None)
    return 0 if head is None else head.stamp.sec * _SECOND + head.stamp.nanosec


def _by_name(message: Any, kind: str, joints: Sequence[str]) -> list[float]:
    values = dict(zip(message.name, getattr(message, kind), strict=False))
    return [float(values.get(joint, np.nan)) for joint in joints]


def _target(message: Any, joints: Sequence[str]) -> list[float] | None:
    if hasattr(message, 'points'):
        if not message.points or not set(joints) <= set(message.joint_names):
            return None
        values = dict(zip(message.joint_names, message.points[-1].positions, strict=False))
        return [float(values[joint]) for joint in joints] if set(joints) <= set(values) else None
    return list(message.data) if len(message.data) == len(joints) else None


def spec_for(bag: Bag, options: BagOptions) -> ObservationSpec:
    """Return the spec of a new record for this bag: joints, and the tool where it is known."""
    count = len(bag.joints)
    fields = [FieldSpec(JOINT_POSITION, count), FieldSpec(JOINT_VELOCITY, count)]
    has_tool = len(bag.tool) > 0 or bool(bag.description)
    if has_tool:
        fields.append(FieldSpec(TOOL, 3))
    return ObservationSpec(tuple(fields), TOOL if has_tool else JOINT_POSITION,
                           options.tolerance, count, options.period_s, 50)


def demonstrations(bag: Bag, spec: ObservationSpec, options: BagOptions, first_episode: int
                   ) -> Iterator[Step]:
    """
    Iterate over the steps that a bag shows.

    :raises StoreError: the spec asks for what the bag does not show.
    """
    known = {JOINT_POSITION: len(bag.joints), JOINT_VELOCITY: len(bag.joints), TOOL: 3}
    strange = [f.name for f in spec.fields if known.get(f.name) != f.size]
    if strange or spec.action_size != len(bag.joints):
        raise StoreError(f'the record observes {", ".join(strange) or "other joints"} and takes '
                         f'{spec.action_size} actions; the bag shows {len(bag.joints)} joints')
    between, period = np.diff(bag.stamps) / _SECOND, spec.control_period_s
    if len(between) and (usual := float(np.median(between))) > _SLOWER * period:
        raise StoreError(f'the joint states come every {usual:.3g} s, the record has a period of '
                         f'{period:g} s, which they cannot show; import into a new record with '
                         f'--period {usual:.2g}')
    episode = first_episode
    cuts = np.flatnonzero(between > max(_GAP_S, _GAP_PERIODS * period)) + 1
    for part in np.split(np.arange(len(bag.stamps)), cuts):
        steps = _episode(bag, part, spec, options, episode)
        if len(steps) >= 2:
            yield from steps
            episode += 1
    if episode == first_episode:
        raise StoreError(f'the bag shows no two steps of {period:g} s between its joint states '
                         'and commands')


def _episode(bag: Bag, part: np.ndarray, spec: ObservationSpec, options: BagOptions,
             episode: int) -> list[Step]:
    period = round(spec.control_period_s * _SECOND)
    stamps = bag.stamps[part]
    ticks = np.arange(stamps[0], stamps[-1] + 1, period)
    state = part[np.searchsorted(stamps, ticks, 'right') - 1]
    observation = _observations(bag, part, state, ticks, spec, options)
    action = _actions(bag, state, ticks, period, options)
    begins = np.searchsorted(ticks, bag.command_stamps[0] - period)
    ticks, observation, action = ticks[begins:], observation[begins:], action[begins:]
    if len(ticks) < 2:
        return []
    achieved = observation[:, spec.goal_slice]
    reached = spec.reached(achieved, achieved[-1])
    return [Step(episode, n, int(stamp), observation[n], achieved[-1],
                 action[n] if n < len(ticks) - 1 else None, _MODE, bool(reached[n]),
                 'teacher') for n, stamp in enumerate(ticks)]


def _velocity(bag: Bag, part: np.ndarray) -> np.ndarray:
    """Return the velocities of a stretch of joint states: differences where none are told."""
    told = bag.velocity[part]
    if len(part) < 2 or not np.isnan(told).any():
        return np.nan_to_num(told)
    return np.where(np.isnan(told), np.gradient(
        bag.position[part], bag.stamps[part] / _SECOND, axis=0), told)


def _observations(bag: Bag, part: np.ndarray, state: np.ndarray, ticks: np.ndarray,
                  spec: ObservationSpec, options: BagOptions) -> np.ndarray:
    position, velocity = bag.position[state], _velocity(bag, part)[state - part[0]]
    columns = {JOINT_POSITION: position, JOINT_VELOCITY: velocity}
    if any(f.name == TOOL for f in spec.fields):
        columns[TOOL] = _tool(bag, position, ticks, options)
    return np.concatenate([columns[f.name] for f in spec.fields], 1).astype(np.float32)


def _tool(bag: Bag, position: np.ndarray, ticks: np.ndarray, options: BagOptions) -> np.ndarray:
    if len(bag.tool):
        newest = np.searchsorted(bag.tool_stamps, ticks, 'right') - 1
        return bag.tool[np.maximum(newest, 0)]
    if not bag.description:
        raise StoreError('the record observes the tool, the bag has neither a tool_pose nor a '
                         'robot_description: give the URDF')
    arm = ForwardKinematics(bag.description, bag.joints, options.tool_link)
    return np.array([arm.tool_position(row) for row in position])


def _actions(bag: Bag, state: np.ndarray, ticks: np.ndarray, period: int, options: BagOptions
             ) -> np.ndarray:
    """Return the commands that followed each tick, in units of a full action."""
    # The first within the period, else the last before it, which a controller keeps to.
    after = np.searchsorted(bag.command_stamps, ticks, 'left')
    within = (after < len(bag.command_stamps)) & (
        bag.command_stamps[np.minimum(after, len(bag.command_stamps) - 1)] < ticks + period)
    target = bag.command[np.where(within, after, np.maximum(after - 1, 0))]
    full = _full(bag, options, period / _SECOND)
    moved = target - bag.position[state] if options.interface == 'position' else target
    return np.clip(moved / full, -1.0, 1.0).astype(np.float32)


def _full(bag: Bag, options: BagOptions, period_s: float) -> np.ndarray:
    """Return what a full action commands, (J,)."""
    gate = MotorConfig(command_interface=options.interface, control_period_s=period_s)
    if not bag.description:
        raise StoreError('the limits of the joints are not known: the bag has no '
                         'robot_description; give the URDF')
    limits: JointLimits = read_limits(bag.description, bag.joints)
    if options.interface == 'effort':
        return limits.effort * gate.effort_scale
    full = tightened(limits, gate).velocity * gate.velocity_scale
    return full * period_s if options.interface == 'position' else full
