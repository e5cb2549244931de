"""
The messages of a bag about an arm, cut where its clock jumped back.

A recorded simulation that was reset, or a bag that was played in a loop, contains times twice.
That can happen to two clocks: the recorder's, by which messages are stored, and that of the
stamps.
"""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from abm_ros.common.errors import StoreError
from abm_ros.exchange.bag_options import BagOptions
from abm_ros.exchange.mcap_import import readable
from abm_ros.exchange.names import needed
from abm_ros.robot.joint_readings import JUMP_S

SECOND = 1_000_000_000
_LAG_S = 0.5           # between a stamp and its recording; more means another clock
_COMMANDS = ('std_msgs/msg/Float64MultiArray', 'trajectory_msgs/msg/JointTrajectory')
_JOINTS = 'sensor_msgs/msg/JointState'
_POSE = 'geometry_msgs/msg/PoseStamped'
_STATE, _COMMAND, _TOOL, _DESCRIPTION = 'state', 'command', 'tool', 'description'
Timed = tuple[int, Any]


@dataclass(frozen=True)
class Message:
    """A message: its role, when it was recorded (ns), and its contents."""

    role: str
    log_ns: int
    content: Any

    @property
    def stamp_ns(self) -> int | None:
        """The stamp in its header; None if it is missing or zero."""
        head = getattr(self.content, 'header', None)
        return None if head is None else (head.stamp.sec * SECOND + head.stamp.nanosec) or None


@dataclass
class Stretch:
    """Messages without a jump of the clocks: (time of validity in ns, message), in order."""

    states: list[Timed] = field(default_factory=list)
    commands: list[Timed] = field(default_factory=list)
    poses: list[Timed] = field(default_factory=list)


def hear(files: Sequence[Path], options: BagOptions) -> tuple[list[Stretch], str]:
    """
    Read the messages of the MCAP files of one bag.

    :return: the stretches between jumps of the clock, and the newest robot description.
    :raises StoreError: there are no joint states or no commands, or several topics among which
        the options do not choose.
    """
    roles = _roles(files, options)
    messages = [message for file in files for message in _read(file, roles)]
    described = [m.content.data for m in messages if m.role == _DESCRIPTION]
    told = [m for m in messages if m.role != _DESCRIPTION]
    for role, what, kinds in ((_STATE, 'joint states', _JOINTS),
                              (_COMMAND, 'commands', ' or '.join(_COMMANDS))):
        if not any(m.role == role for m in told):
            raise StoreError(f'{files[0]}: the topic of the {what} ({kinds}) holds no message')
    # If the recorder's clock jumps back, only the order in the file shows what came together.
    # Otherwise the file may hold one topic after the other.
    return [_stretch(stretch) for recorded in _runs(told, lambda m: m.log_ns)
            for stretch in _runs(sorted(recorded, key=lambda m: m.log_ns),
                                 lambda m: m.stamp_ns if m.role == _STATE else None)
            ], described[-1] if described else ''


def _runs(messages: Sequence[Message], clock: Callable[[Message], int | None]
          ) -> Iterator[list[Message]]:
    """Cut where the clock of the messages of one role jumps back."""
    newest: dict[str, int] = {}
    run: list[Message] = []
    for message in messages:
        now = clock(message)
        if now is not None:
            if now < newest.get(message.role, now) - JUMP_S * SECOND:
                yield run
                run, newest = [], {}
            newest[message.role] = max(now, newest.get(message.role, now))
        run.append(message)
    yield run


def _stretch(messages: Sequence[Message]) -> Stretch:
    commands = [(m.log_ns, m.content) for m in messages if m.role == _COMMAND]
    return Stretch(_one_clock([m for m in messages if m.role == _STATE]),
                   sorted(commands, key=lambda item: item[0]),
                   _one_clock([m for m in messages if m.role == _TOOL]))


def _one_clock(messages: Sequence[Message]) -> list[Timed]:
    """
    Return messages with their times of validity (ns), in that order.

    The time is the stamp, unless stamps are missing or of another clock than the recorder's. Then
    all times are the recorder's, because commands have no stamp.
    """
    lags = [m.log_ns - (m.stamp_ns or 0) for m in messages]
    foreign = bool(lags) and abs(float(np.median(lags))) > _LAG_S * SECOND
    return sorted(((m.log_ns if foreign else m.stamp_ns or m.log_ns, m.content)
                   for m in messages), key=lambda item: item[0])


def _roles(files: Sequence[Path], options: BagOptions) -> dict[str, str]:
    """Return the role of each wanted topic; a part of a split bag may lack any of them."""
    kinds: dict[str, str] = {}
    for file in files:
        kinds |= _topics(file)
    states = _choose(files[0], 'joint states', options.joint_topic,
                     [t for t, kind in kinds.items() if kind == _JOINTS], '/joint_states')
    orders = _choose(files[0], 'commands', options.command_topic,
                     [t for t, kind in kinds.items() if kind in _COMMANDS], '')
    poses = [t for t, kind in kinds.items() if kind == _POSE and t.endswith('tool_pose')]
    return {'/robot_description': _DESCRIPTION, **dict.fromkeys(poses[:1], _TOOL),
            orders: _COMMAND, states: _STATE}


def _topics(path: Path) -> dict[str, str]:
    with readable(path), open(path, 'rb') as stream:
        summary = needed('mcap.reader').make_reader(stream).get_summary()
        if summary is None:
            raise StoreError(f'{path}: has no summary; mend it by: mcap recover '
                             f'{shlex.quote(str(path))} -o recovered.mcap')
        return {c.topic: summary.schemas[c.schema_id].name for c in summary.channels.values()
                if c.schema_id in summary.schemas}


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


def _read(path: Path, roles: Mapping[str, str]) -> Iterator[Message]:
    factory = needed('mcap_ros2.decoder').DecoderFactory()
    with readable(path), open(path, 'rb') as stream:
        reader = needed('mcap.reader').make_reader(
            stream, validate_crcs=True, decoder_factories=[factory])
        for _, channel, record, message in reader.iter_decoded_messages(
                list(roles), log_time_order=False):
            yield Message(roles[channel.topic], record.log_time, message)
