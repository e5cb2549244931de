"""`abm teach`: give a robot what a teacher recorded: into its memory, or live on the graph."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from abm_ros.cli.folder import RUN_FOLDER
from abm_ros.common.errors import StoreBusyError, StoreError
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Step, label_of
from abm_ros.exchange.bag_options import BagOptions
from abm_ros.exchange.recordings import TEACHER, Recordings, by_episode
from abm_ros.memory.record.store import Store, StoreConfig
from abm_ros.robot.demonstration import check_teacher
from abm_ros.robot.layout import POSITION


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add('file', type=Path, metavar='FILE',
        help='a bag (.mcap, or the folder of a rosbag2), or the folder of a LeRobotDataset')
    add('--teacher', required=True, metavar='NAME', help='who shows it; trust is by this name')
    add('--out', type=Path, default=RUN_FOLDER, metavar='DIR',
        help='the folder of the run that learns it when it is next brought up (%(default)s)')
    add('--live', action='store_true',
        help='show the joint positions to the running graph instead, as a person would')
    add('--namespace', default='', help='with --live: prefix of all names')
    add('--timeout', type=float, default=10.0, metavar='S',
        help='with --live: longest wait for a robot that listens (%(default)s)')
    bag = parser.add_argument_group('bags of other robots')
    bag.add_argument('--joints', default='', metavar='NAMES',
                     help='in the order of the commands, with commas between')
    bag.add_argument('--urdf', type=Path, metavar='FILE',
                     help='the robot description, where the bag has none')
    bag.add_argument('--tool-link', default='', help='link of the tool')
    bag.add_argument('--interface', choices=('position', 'velocity', 'effort'),
                     default='position', help='what the commands are (%(default)s)')


def run(arguments: argparse.Namespace) -> int:
    """Teach; return the exit code."""
    from abm_ros.exchange.importing import read_source
    teacher = check_teacher(arguments.teacher)
    options = argparse.Namespace(
        joints=tuple(name for name in arguments.joints.split(',') if name), urdf=arguments.urdf,
        tool_link=arguments.tool_link, joint_topic=BagOptions.joint_topic,
        command_topic=BagOptions.command_topic, interface=arguments.interface, period=None,
        tolerance=None)
    source = read_source(arguments.file, options)
    if arguments.live:
        spec = source.own_spec
        return _show(arguments, teacher, spec, list(by_episode(source.steps(0))))
    memory = arguments.out.expanduser() / 'memory.db'
    spec = source.spec_for(memory)
    memory.parent.mkdir(parents=True, exist_ok=True)
    try:
        with Store(memory, spec, StoreConfig(commit_count=1000, commit_age_s=60.0)) as store:
            before, known = store.acknowledged, Recordings(store)
            taken = left_out = 0
            with store.together():
                for episode in by_episode(source.steps(store.next_episode)):
                    if not known.take(episode):
                        left_out += 1
                        continue
                    taken += 1
                    for step in episode:
                        store.append(replace(step, provenance=TEACHER,
                                             mode=label_of(teacher, shown=True)))
                        store.poll()
            count = store.acknowledged - before
    except StoreBusyError as error:
        raise StoreBusyError(f'{error}: a robot runs with it; add --live to show it the joint '
                             'positions, or stop it first') from error
    again = f'; {left_out} are left out, which the record holds already' if left_out else ''
    sys.stdout.write(f'{memory}: {count} steps in {taken} demonstration{"s" * (taken != 1)} '
                     f'of {teacher}{again}; '
                     'what is new is learned from when the robot is next brought up\n')
    return 0


def _show(arguments: argparse.Namespace, teacher: str, spec: ObservationSpec,
          episodes: Sequence[Sequence[Step]]) -> int:
    """Publish the joint positions of each episode."""
    if all(item.name != POSITION for item in spec.fields):
        raise StoreError(f'{arguments.file}: it observes no {POSITION}, which is all that can be '
                         'shown live; teach it without --live')
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    # Not at the top: the ROS wheels restart Python once to set their library path.
    from abm_ros.ros.clients.teacher import show
    part = spec.slice_of(POSITION)
    shown = show(arguments.namespace, arguments.timeout, teacher, spec.control_period_s,
                 [[step.observation[part].tolist() for step in episode] for episode in episodes
                  if len(episode) > 1])
    sys.stdout.write(f'{shown} demonstrations of {teacher} shown; abm audit show says what became '
                     'of them\n')
    return 0
