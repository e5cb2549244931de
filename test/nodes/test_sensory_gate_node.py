"""The sensory gate's node in process: what its detectors make of images and of efforts."""

import copy
import json
import time
from math import isnan
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from domains import new_domain

rclpy = pytest.importorskip('rclpy')

from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import BatteryState, Image, JointState
from std_msgs.msg import Bool, Float64, Header, String

from abm_ros.common.errors import SpecError
from abm_ros.nodes.sensory_gate import SensoryGate
from abm_ros.ros.codec import decode
from abm_ros.ros.observation_codec import told_of
from abm_ros.ros.stamps import ns_to_time

URDF = (Path(__file__).resolve().parents[2] / 'urdf' / 'abm_arm.urdf').read_text()


@pytest.fixture
def gate():
    rclpy.init(args=['--ros-args', '-p', 'defer_s:=0.0'],
               domain_id=new_domain())
    made = SensoryGate()
    made.heard = []     # type: ignore[attr-defined]
    made.emit = lambda port, message: made.heard.append((port, message))
    made.trigger_configure()
    made.trigger_activate()
    yield made
    made.destroy_node()
    rclpy.try_shutdown()


def image(step: int, pixels: np.ndarray) -> Image:
    message = Image(height=pixels.shape[0], width=pixels.shape[1], encoding='rgb8',
                    step=3 * pixels.shape[1], data=pixels.tobytes())
    message.header.stamp = ns_to_time(10**9 + step * 50_000_000)
    return message


def disc(radius: float) -> np.ndarray:
    picture = np.full((96, 96, 3), 140, np.uint8)
    cv2.circle(picture, (48 * 16, 48 * 16), round(radius * 16), (20, 20, 20), -1, cv2.LINE_AA, 4)
    return picture


def test_a_disc_half_a_second_away_looms_and_sleep_forgets_it(gate) -> None:
    assert isnan(gate.telemetry().looming)
    for step in range(6):
        gate.on_camera(image(step, disc(10 * 0.75 / (0.75 - 0.05 * step))))
    # 0.55 s before contact when the middle one of the last three images was taken.
    assert gate.telemetry().looming == pytest.approx(1 / 0.55, rel=0.25)
    gate.trigger_deactivate()
    assert isnan(gate.telemetry().looming)


def test_a_marker_is_told_on_cue(gate) -> None:
    picture = np.full((96, 96, 3), 255, np.uint8)
    picture[30:60, 30:60] = cv2.aruco.generateImageMarker(
        cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50), 5, 30)[..., None]
    for step in range(3):
        gate.on_camera(image(step, picture))
    cues = [json.loads(message.data) for port, message in gate.heard if port == 'cue']
    assert [cue['marker'] for cue in cues] == [5, 5, 5]
    assert gate.telemetry().cue == 1.0


def test_what_a_detector_of_another_package_finds_is_told_beside_ours(gate) -> None:
    gate._detectors.findings = lambda _: {'cue': 0.5, 'smoke': 0.25}
    told = gate.telemetry()
    assert (told.cue, dict(told.findings)) == (0.5, {'smoke': 0.25})
    assert isnan(told.looming)


def test_an_impact_between_two_telemetry_messages_is_not_missed(gate) -> None:
    gate._on_description(String(data=URDF))
    now_s = [50.0]
    gate._now_s = lambda: now_s[0]
    names = [f'joint_{i}' for i in range(1, 8)]
    limit = float(gate._limits.effort[0])
    for share in (0.1, 1.6, 0.1):
        now_s[0] += 0.02
        gate.on_joint_states(JointState(name=names, effort=[share * limit] + [0.0] * 6))
    assert gate.telemetry().effort_peak == pytest.approx(1.6)
    assert gate.telemetry().effort_ratio == pytest.approx(0.1)
    now_s[0] += 0.26
    gate.on_joint_states(JointState(name=names, effort=[0.1 * limit] + [0.0] * 6))
    assert gate.telemetry().effort_peak == pytest.approx(0.1)


def test_efforts_and_images_that_stop_are_told_no_more(gate) -> None:
    gate._on_description(String(data=URDF))
    now_s = [50.0]
    gate._now_s = lambda: now_s[0]
    gate.on_joint_states(JointState(name=['joint_1'], effort=[200.0]))
    for step in range(3):
        gate.on_camera(image(step, disc(20)))
    told = gate.telemetry()
    assert (told.effort_ratio, isnan(told.looming)) == (pytest.approx(200.0 / 60.0), False)
    now_s[0] += 1.01
    told = gate.telemetry()
    assert (told.effort_ratio, told.effort_peak, isnan(told.looming)) == (0.0, 0.0, True)


@pytest.mark.parametrize(('status', 'current', 'told'), [
    (BatteryState.POWER_SUPPLY_STATUS_CHARGING, np.nan, 1.0),
    (BatteryState.POWER_SUPPLY_STATUS_FULL, 0.0, 1.0),
    (BatteryState.POWER_SUPPLY_STATUS_DISCHARGING, 0.0, 0.0),
    (BatteryState.POWER_SUPPLY_STATUS_NOT_CHARGING, 0.0, 0.0),
    (BatteryState.POWER_SUPPLY_STATUS_UNKNOWN, 1.5, 1.0),
    (BatteryState.POWER_SUPPLY_STATUS_UNKNOWN, -1.5, 0.0),
    (BatteryState.POWER_SUPPLY_STATUS_UNKNOWN, 0.0, np.nan),
    (BatteryState.POWER_SUPPLY_STATUS_UNKNOWN, np.nan, np.nan)])
def test_whether_a_battery_charges_is_told_where_it_tells(gate, status, current, told) -> None:
    gate.on_battery(BatteryState(percentage=0.5, power_supply_status=status, current=current))
    assert gate.telemetry().charging == pytest.approx(told, nan_ok=True)


JOINTS = [f'joint_{i}' for i in range(1, 8)]
POSE = np.array([0.0, 0.3, 0.0, 1.2, 0.0, 0.5, 0.0])


def joints(ms: int, names=JOINTS, position=POSE, stamped: bool = True, **more) -> JointState:
    message = JointState(name=list(names), position=list(position), **more)
    if stamped:
        message.header.stamp = ns_to_time(10**10 + ms * 1_000_000)
    return message


def goal(x: float, frame: str = '', stamp_ns: int = 0) -> PoseStamped:
    message = PoseStamped()
    message.header.frame_id, message.pose.position.x = frame, x
    message.header.stamp = ns_to_time(stamp_ns)
    return message


def seen(gate):
    return [decode(message) for port, message in gate.heard_copies if port == 'observation']


@pytest.fixture
def robot(gate):
    """A gate that computes the tool's position, with its time in our hands."""
    pytest.importorskip('pinocchio')
    gate.now_s = 50.0
    gate._now_s = lambda: gate.now_s
    gate.heard_copies = []
    # One message is used again and again.
    gate.emit = lambda port, message: gate.heard_copies.append((port, copy.deepcopy(message)))
    gate._on_description(String(data=URDF))
    gate._tool_seen = False

    def show(message):
        gate.now_s += 0.01
        gate.guarded('joint_states', gate.on_joint_states, message)
    gate.show = show
    for ms in range(-1500, 0, 50):       # no tool_pose within tool_timeout_s
        gate.now_s += 0.04
        show(joints(ms))
    gate.heard_copies.clear()
    return gate


def test_an_arm_and_a_gripper_make_one_observation_per_period(robot) -> None:
    for ms in range(0, 1000, 10):
        robot.show(joints(ms, JOINTS[:6], POSE[:6]))
        robot.show(joints(0, (), ()))
        robot.show(joints(ms + 2, JOINTS[6:], POSE[6:]))
    stamps = [packet.stamp_ns for packet in seen(robot)]
    assert np.diff(stamps).tolist() == [50_000_000] * (len(stamps) - 1)
    assert len(stamps) == 20
    assert robot.refused == 0


def test_a_button_and_a_reward_belong_to_the_step_under_way(robot) -> None:
    for ms in range(0, 200, 50):
        if ms == 50:
            robot.guarded('success', robot.on_success, Bool(data=True))
            robot.guarded('reward', robot.on_reward, Float64(data=0.5))
        if ms == 100:
            robot.guarded('success', robot.on_success, Bool(data=False))
            robot.guarded('reward', robot.on_reward, Float64(data=float('nan')))
        robot.show(joints(ms))
    assert [told_of(packet.attributes) for packet in seen(robot)[1:]] == [
        (True, 0.5), (False, 0.0), (False, 0.0)]
    assert told_of(seen(robot)[0].attributes)[0] is None
    assert robot.refused == 1


def test_a_joint_that_is_never_shown_is_told_by_name(robot) -> None:
    for ms in range(0, 2000, 50):
        robot.now_s += 0.04
        robot.show(joints(ms, JOINTS[:6], POSE[:6]))
    before = len(seen(robot))
    robot.show(joints(2050, JOINTS[:6], POSE[:6]))
    assert len(seen(robot)) == before
    with pytest.raises(SpecError, match=r'lacks joint_7, .* got joint_1, joint_2'):
        robot._check_joints()
    robot.show(joints(2100))
    robot._check_joints()


def test_stamps_of_zero_are_the_time_of_arrival_said_once(robot) -> None:
    said = []
    robot.get_logger = lambda: SimpleNamespace(warning=lambda text, **_: said.append(text))
    for _ in range(4):
        robot.show(joints(0, stamped=False))
        time.sleep(0.05)
    stamps = [packet.stamp_ns for packet in seen(robot)]
    assert len(stamps) == 4
    assert (np.diff(stamps) >= 50_000_000).all()
    assert abs(stamps[-1] - robot.get_clock().now().nanoseconds) < 10**9
    assert [text for text in said if 'without a stamp' in text] == [
        'joint_states comes without a stamp (0): the time of its arrival is taken']


def test_a_clock_that_jumps_back_begins_an_episode_on_the_record(robot) -> None:
    for ms in (5000, 5050, 5100, 20, 70, 120):
        robot.show(joints(ms))
    packets = seen(robot)
    first = packets[0].integer('episode')
    assert [(p.integer('episode') - first, p.integer('step')) for p in packets[-3:]] == [
        (1, 0), (1, 1), (1, 2)]
    assert robot.telemetry().clock_jumps == 1


def test_a_goal_without_a_stamp_begins_an_episode_as_any_other(robot) -> None:
    begun = []
    for index in range(12):
        if index % 4 == 0:
            robot.on_goal(goal(0.4))
        robot.show(joints(50 * index))
        begun.append(seen(robot)[-1].integer('step') == 0)
    assert begun == [True, False, False, False] * 3


def test_a_goal_in_a_strange_frame_is_refused_by_name_once_and_counted(robot) -> None:
    said = []
    robot.get_logger = lambda: SimpleNamespace(error=said.append)
    robot.on_goal(goal(0.4, 'base_link', 7))
    for stamp_ns in (8, 9):
        robot.on_goal(goal(0.9, 'odom', stamp_ns))
    robot.show(joints(0))
    assert seen(robot)[-1].array('desired_goal')[0] == np.float32(0.4)
    assert robot.telemetry().goals_refused == 2
    assert len(said) == 1
    assert "'odom'" in said[0]
    assert "'odom'" in robot.telemetry().trouble
    robot.on_goal(goal(0.5, 'base_link', 10))
    assert robot.telemetry().trouble == ''


def test_an_encoding_that_is_not_taken_is_refused_with_those_that_are(gate) -> None:
    said = []
    gate.get_logger = lambda: SimpleNamespace(error=said.append)
    for _ in range(3):
        gate.on_camera(Image(height=2, width=2, encoding='32FC1', step=8, data=bytes(16)))
    assert (len(said), gate.refused) == (1, 3)
    assert 'yuyv' in said[0]
    gate.on_camera(Image(height=2, width=2, encoding='yuyv', step=4, data=bytes(8),
                         header=Header(stamp=ns_to_time(1))))
    assert gate.telemetry().trouble == ''


def test_a_battery_of_per_cent_is_recognised(gate) -> None:
    gate.on_battery(BatteryState(percentage=80.0))
    gate.on_battery(BatteryState(percentage=79.0))
    assert gate.telemetry().energy == pytest.approx(0.79)


def test_the_efforts_of_an_arm_and_its_gripper_do_not_hide_each_other(gate) -> None:
    gate._on_description(String(data=URDF))
    limit = float(gate._limits.effort[0])
    for _ in range(2):
        gate.on_joint_states(JointState(name=['joint_1'], effort=[0.8 * limit]))
        gate.on_joint_states(JointState(name=['joint_7', 'finger'], effort=[0.0, 0.0]))
        gate.on_joint_states(JointState(name=['finger'], position=[0.0]))
    assert gate.telemetry().effort_ratio == pytest.approx(0.8)
