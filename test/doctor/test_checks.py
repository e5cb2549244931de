"""Each of twelve planted faults is found by its check, with a fix, and a sound graph has none."""

from dataclasses import replace

import pytest

from abm_ros.common import names
from abm_ros.doctor.checks import examine, possible
from abm_ros.doctor.snapshot import Endpoint, JointMessage, Snapshot, TopicEnds

URDF = """<robot name="arm">
<joint name="a" type="revolute"><limit lower="-1" upper="1" velocity="2" effort="3"/></joint>
<joint name="b" type="revolute"><limit lower="-1" upper="1" velocity="2" effort="3"/></joint>
</robot>"""
COMMANDS, TRAJECTORY = 'arm_controller/commands', 'arm_controller/joint_trajectory'
ARRAY, PATH = 'std_msgs/msg/Float64MultiArray', 'trajectory_msgs/msg/JointTrajectory'


def joint_states(period_s: float = 0.02, late_s: float = 0.0) -> list[JointMessage]:
    return [JointMessage(('b', 'a'), 1e6 + step * period_s - late_s, 1e6 + step * period_s)
            for step in range(50)]


SOUND = Snapshot(
    nodes=[*names.WIRED_NODES, names.SYSTEM_M, 'arm_controller'],
    topics={COMMANDS: TopicEnds([Endpoint('motor_gate', ARRAY)],
                                [Endpoint('arm_controller', ARRAY)])},
    joint_states=joint_states(), description=URDF,
    gate={'joints': ['a', 'b'], 'controller': 'arm_controller', 'command_interface': 'position',
          'control_period_s': 0.05},
    controller_joints=['a', 'b'], versions={'system_a_learner': 300.0, 'system_b_learner': 20.0},
    free_bytes=10 ** 11, directory='runs/a', domain=5)
GRIPPER = [JointMessage(('finger',), 0.0, 1e6 + step * 0.1) for step in range(10)]
FAULTS = {
    'wrong joint order': (
        {'controller_joints': ['b', 'a']}, 'controller', 'set joints:=b,a'),
    'no limits': (
        {'description': URDF.replace('<limit lower="-1" upper="1" velocity="2" effort="3"/>', '',
                                     1)}, 'description', '<limit'),
    'stale clock': ({'joint_states': joint_states(late_s=30.0)}, 'clock', 'chrony'),
    'clock that stands': (
        {'joint_states': [replace(one, stamp_s=1e6 + 0.5) for one in joint_states()]},
        'clock', 'stands still'),
    'QoS mismatch': (
        {'topics': {**SOUND.topics, 'joint_states': TopicEnds(
            unfit=[('driver', 'motor_gate', 'Best effort publisher and reliable subscription')])}},
        'qos', 'let driver offer'),
    'wrong controller type': (
        {'topics': {COMMANDS: TopicEnds([Endpoint('motor_gate', ARRAY)]),
                    TRAJECTORY: TopicEnds((), [Endpoint('arm_controller', PATH)])}},
        'controller', 'command_interface:=trajectory'),
    'full disk': ({'free_bytes': 3_000_000}, 'disk', 'free some disk space'),
    'two motor gates': ({'nodes': [*SOUND.nodes, 'motor_gate']}, 'gates', 'end all but one'),
    'another commander': (
        {'topics': {COMMANDS: TopicEnds([Endpoint('motor_gate', ARRAY), Endpoint('teleop', ARRAY)],
                                        [Endpoint('arm_controller', ARRAY)])}},
        'gates', 'end it'),
    'operator who holds': ({'holders': ['motor_gate']}, 'operator', 'abm intervene release'),
    'second graph': (
        {'nodes': [*SOUND.nodes, 'system_m', 'system_a']}, 'twins', 'namespace'),
    'missing model': (
        {'versions': {'system_a_learner': -1.0, 'system_b_learner': 20.0}}, 'models', 'act'),
    'wrong domain': ({'nodes': ['rviz'], 'other_domains': [77]}, 'graph', 'ROS_DOMAIN_ID=77'),
    'slow body': ({'joint_states': joint_states(0.2)}, 'rate', 'control_period_s:=0.20'),
    'gripper without a stamp': (
        {'joint_states': sorted([*joint_states(), *GRIPPER], key=lambda one: one.at_s)},
        'unstamped', 'stamp the header'),
    'gate that does not answer': (
        {'gate': {}, 'silent': ['motor_gate'], 'topics': {}}, 'silence', 'ask again'),
    'node that ended': (
        {'nodes': [node for node in SOUND.nodes if node != 'system_b']}, 'graph', 'respawn'),
    'nothing described': ({'description': ''}, 'description', 'robot_state_publisher'),
    'no joint states': ({'joint_states': []}, 'rate', 'broadcaster'),
    'trouble told': ({'troubles': ['system_a: model refused']}, 'diagnostics', 'log')}


def test_a_sound_graph_has_no_findings() -> None:
    assert examine(SOUND) == []


@pytest.mark.parametrize('fault', FAULTS)
def test_a_planted_fault_is_found_alone_and_with_its_fix(fault) -> None:
    changes, check, fix = FAULTS[fault]
    found = examine(replace(SOUND, **changes))
    assert [finding.check for finding in found] == [check]
    assert fix in found[0].fix


def test_a_gate_that_takes_every_joint_is_sound() -> None:
    """An empty list of texts travels as one empty text."""
    assert examine(replace(SOUND, gate={**SOUND.gate, 'joints': ['']})) == []


def test_where_nothing_runs_only_that_is_said() -> None:
    found = examine(Snapshot(domain=3, free_bytes=10 ** 11))
    assert [finding.check for finding in found] == ['graph']
    assert 'abm sim' in found[0].fix
    assert set(possible(Snapshot())) == {'graph', 'disk'}
    assert 'controller' in possible(SOUND)


def test_both_kinds_of_command_are_looked_for_where_the_gate_sends_them() -> None:
    gate = {**SOUND.gate, 'command_interface': 'trajectory'}
    topics = {TRAJECTORY: TopicEnds([Endpoint('motor_gate', PATH)],
                                    [Endpoint('arm_controller', PATH)])}
    assert examine(replace(SOUND, gate=gate, topics=topics)) == []
