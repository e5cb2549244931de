"""The checks: each looks at a snapshot and yields what is wrong, with the fix."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from abm_ros.common import names
from abm_ros.common.errors import DescriptionError
from abm_ros.doctor.snapshot import JointMessage, Snapshot, TopicEnds
from abm_ros.robot.description import read_limits

_LEAST_FREE = 500_000_000      # bytes: some hours of camera images
_OLD_S = 1.0
_SLOW = 1.3                    # times the control period


@dataclass(frozen=True)
class Finding:
    """What is wrong, and what mends it."""

    check: str
    what: str
    fix: str


Check = Callable[[Snapshot], Iterator[tuple[str, str]]]


def examine(snapshot: Snapshot) -> list[Finding]:
    """Return what all checks find; where there is no graph, only why that may be."""
    return [Finding(name, what, fix) for name, check in possible(snapshot).items()
            for what, fix in check(snapshot)]


def possible(snapshot: Snapshot) -> dict[str, Check]:
    """Return the checks that the snapshot allows: some ask what only the motor gate can tell."""
    if not _has_graph(snapshot):
        return {'graph': graph, 'disk': disk}
    return {name: check for name, check in CHECKS.items()
            if check is not controller or snapshot.gate}


def _has_graph(s: Snapshot) -> bool:
    return any(node in s.nodes for node in (*names.WIRED_NODES, names.SYSTEM_M))


def graph(s: Snapshot) -> Iterator[tuple[str, str]]:
    """Look for nodes that are missing, and for a graph in another domain."""
    if not _has_graph(s):
        if s.other_domains:
            where = ', '.join(map(str, s.other_domains))
            yield (f'no node of ours is in domain {s.domain}, but a graph runs on this machine in '
                   f'domain {where}',
                   f'export ROS_DOMAIN_ID={" or ".join(map(str, s.other_domains))}')
        else:
            yield (f'no node of ours is in domain {s.domain}',
                   'start it: `abm sim`, or `ros2 launch abm_ros robot.launch.py`; it may also be '
                   'in a namespace (--namespace), or on another machine with '
                   'ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST')
        return
    missing = [node for node in (*names.WIRED_NODES, names.SYSTEM_M) if node not in s.nodes]
    if missing:
        yield (f'not running: {", ".join(missing)}',
               'see the log of the launch for why they ended; use_respawn:=true starts them again')


def silence(s: Snapshot) -> Iterator[tuple[str, str]]:
    """Look for nodes that do not tell their parameters."""
    for node in s.silent:
        yield (f'{node} does not tell its parameters, so what hangs on them is not checked',
               'ask again: it may be starting, or the computer is busy; else see its log')


def twins(s: Snapshot) -> Iterator[tuple[str, str]]:
    """Look for two nodes of one name: two graphs in one namespace."""
    twice = sorted({node for node in s.nodes if s.nodes.count(node) > 1
                    and node in (*names.WIRED_NODES, names.SYSTEM_M)} - {names.MOTOR_GATE})
    if twice:
        yield (f'there are two of {", ".join(twice)}: two graphs share this namespace',
               'end one of them, or give it a namespace of its own (namespace:=robot_2)')


def operator(s: Snapshot) -> Iterator[tuple[str, str]]:
    """Look for an operator's hold, which nothing but a release ends."""
    if s.holders:
        yield (f'the operator holds the motors, so they stay shut (told by '
               f'{", ".join(s.holders)})',
               '`abm intervene release`; `abm audit show --kind intervention` says since when')


def gates(s: Snapshot) -> Iterator[tuple[str, str]]:
    """Look for a second one who commands the motors."""
    count = s.nodes.count(names.MOTOR_GATE)
    if count > 1:
        yield (f'{count} motor gates run in this namespace',
               'end all but one: `ros2 node list` shows them; only one may command the motors')
    senders = [end.node for end in s.topics.get(_command_topic(s)[0], _NO_ENDS).publishers
               if end.node != names.MOTOR_GATE]
    if senders:
        yield (f'{", ".join(senders)} publishes commands beside the motor gate',
               f'end it, or let it publish on another topic than {_command_topic(s)[0]}')


def qos(s: Snapshot) -> Iterator[tuple[str, str]]:
    """Look for endpoints that do not hear each other."""
    for topic, ends in s.topics.items():
        for sender, hearer, why in ends.unfit:
            yield (f'{topic}: {hearer} does not hear {sender}: {why}',
                   f'let {sender} offer what is asked for (reliable, and transient_local where '
                   f'{hearer} asks for it)')


def description(s: Snapshot) -> Iterator[tuple[str, str]]:
    """Look for limits that the motor gate needs."""
    if not s.description:
        yield (f'nothing on {names.ROBOT_DESCRIPTION}',
               'start robot_state_publisher with the URDF, or remap its topic')
        return
    try:
        read_limits(s.description, s.joints, s.setting('command_interface', 'position'))
    except DescriptionError as error:
        yield (f'the robot description: {error}',
               'add <limit lower=".." upper=".." velocity=".." effort=".."/> to the joint in the '
               'URDF, or leave the joint out by the parameter joints')


def clock(s: Snapshot) -> Iterator[tuple[str, str]]:
    """Look for stamps that the fusion cannot use."""
    told = [message for message in s.joint_states if message.stamp_s > 0]
    ages = [message.at_s - message.stamp_s for message in told]
    if ages and abs(age := float(np.median(ages))) > _OLD_S:
        yield (f'joint states are stamped {abs(age):.1f} s in the '
               f'{"past" if age > 0 else "future"}',
               'let one clock serve both machines (chrony or ptp), or set use_sim_time:=true if '
               'a simulator publishes /clock')
    if len(told) > 2 and len({message.stamp_s for message in told}) == 1:
        yield ('the stamps of joint states do not move on',
               'the clock behind them stands still: start the simulator, or stamp with the time '
               'of reading')


def unstamped(s: Snapshot) -> Iterator[tuple[str, str]]:
    """Look for joints that come in messages without a stamp, such as a gripper's."""
    groups = {message.names for message in s.joint_states if message.stamp_s == 0}
    if groups:
        joints = '; '.join(', '.join(group) for group in sorted(groups))
        yield (f'joint states without a stamp: {joints}',
               'stamp the header when the joints are read; without one the time of arrival counts')


def rate(s: Snapshot) -> Iterator[tuple[str, str]]:
    """Look for a body that is slower than the control."""
    if not s.joint_states:
        yield (f'no messages on {names.JOINT_STATES}',
               'start the joint_state_broadcaster, or remap the topic of the driver')
        return
    try:
        period_s = float(s.setting('control_period_s', '0.05'))
    except ValueError:
        return
    arm = set(s.joints)
    times = np.array([message.at_s for message in s.joint_states if _is_of(arm, message)])
    if times.size > 2 and (gap_s := float(np.median(np.diff(times)))) > _SLOW * period_s:
        yield (f'joint states come every {gap_s * 1e3:.0f} ms, control acts every '
               f'{period_s * 1e3:.0f} ms',
               f'raise the rate of the broadcaster (state_publish_rate), or set '
               f'control_period_s:={gap_s:.2f} for the graph')


def _is_of(arm: set[str], message: JointMessage) -> bool:
    return not arm or bool(arm & set(message.names))


def controller(s: Snapshot) -> Iterator[tuple[str, str]]:
    """Look for a controller of another kind or another order of joints."""
    topic, other = _command_topic(s)
    heard = [end.node for end in s.topics.get(topic, _NO_ENDS).subscribers]
    if not heard:
        instead = [end.node for end in s.topics.get(other, _NO_ENDS).subscribers]
        kind = 'trajectory' if other.endswith('joint_trajectory') else 'position'
        if instead:
            yield (f'nobody hears {topic}; {", ".join(instead)} takes {other}: the controller is '
                   'of another type',
                   f'set command_interface:={kind}, or load a controller that takes {topic}')
        else:
            yield (f'nobody hears {topic}',
                   'start the controller (`ros2 control list_controllers`), or name the one that '
                   'runs by controller:=')
    if s.controller_joints and s.joints and tuple(s.controller_joints) != s.joints:
        yield (f'the controller takes the joints as {", ".join(s.controller_joints)}, the motor '
               f'gate sends {", ".join(s.joints)}',
               f'set joints:={",".join(s.controller_joints)}')


def _command_topic(s: Snapshot) -> tuple[str, str]:
    """Return the topic that the motor gate commands on, and the one of the other kind."""
    name = s.setting('controller', names.CONTROLLER)
    topics = names.commands_topic(name), names.trajectory_topic(name)
    is_trajectory = s.setting('command_interface', 'position') == 'trajectory'
    return (topics[1], topics[0]) if is_trajectory else topics


def models(s: Snapshot) -> Iterator[tuple[str, str]]:
    """Look for learners that have published nothing yet."""
    for node, version in s.versions.items():
        if version < 0:
            yield (f'{node} has no model yet',
                   'let the robot act: it learns after some episodes; models of an earlier run '
                   'are read from the directory that the graph was started with')


def disk(s: Snapshot) -> Iterator[tuple[str, str]]:
    """Look for room for memory and the audit log."""
    if s.free_bytes is not None and s.free_bytes < _LEAST_FREE:
        yield (f'{s.free_bytes / 1e6:.0f} MB are free for {s.directory}',
               'free some disk space, or `abm memory prune`; memory keeps what it has, and the '
               'motors shut while nothing can be recorded')


def told(s: Snapshot) -> Iterator[tuple[str, str]]:
    """Pass on what diagnostics says."""
    for trouble in s.troubles:
        yield trouble, 'see the log of the node; `abm audit show` has what System M did about it'


_NO_ENDS = TopicEnds()
CHECKS: dict[str, Check] = {
    'graph': graph, 'silence': silence, 'operator': operator, 'twins': twins, 'gates': gates,
    'qos': qos, 'description': description, 'clock': clock, 'unstamped': unstamped, 'rate': rate,
    'controller': controller, 'models': models, 'disk': disk, 'diagnostics': told}
