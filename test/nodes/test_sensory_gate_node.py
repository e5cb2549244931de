"""The sensory gate's node in process: what its detectors make of images and of efforts."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

rclpy = pytest.importorskip('rclpy')

from sensor_msgs.msg import BatteryState, Image, JointState
from std_msgs.msg import String

from abm_ros.nodes.sensory_gate import SensoryGate
from abm_ros.ros.codec import ns_to_time

URDF = (Path(__file__).resolve().parents[2] / 'urdf' / 'abm_arm.urdf').read_text()


@pytest.fixture
def gate():
    rclpy.init(args=['--ros-args', '-p', 'defer_s:=0.0'],
               domain_id=100 + (os.getpid() * 13 + 31) % 100)
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
    assert 'looming' not in gate.telemetry()
    for step in range(6):
        gate.on_camera(image(step, disc(10 * 0.75 / (0.75 - 0.05 * step))))
    # 0.55 s before contact when the middle one of the last three images was taken.
    assert gate.telemetry()['looming'] == pytest.approx(1 / 0.55, rel=0.25)
    gate.trigger_deactivate()
    assert 'looming' not in gate.telemetry()


def test_a_marker_is_told_on_cue(gate) -> None:
    picture = np.full((96, 96, 3), 255, np.uint8)
    picture[30:60, 30:60] = cv2.aruco.generateImageMarker(
        cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50), 5, 30)[..., None]
    for step in range(3):
        gate.on_camera(image(step, picture))
    cues = [json.loads(message.data) for port, message in gate.heard if port == 'cue']
    assert [cue['marker'] for cue in cues] == [5, 5, 5]
    assert gate.telemetry()['cue'] == 1.0


def test_an_impact_between_two_telemetry_messages_is_not_missed(gate) -> None:
    gate._on_description(String(data=URDF))
    now_s = [50.0]
    gate._now_s = lambda: now_s[0]
    names = [f'joint_{i}' for i in range(1, 8)]
    limit = float(gate._limits.effort[0])
    for share in (0.1, 1.6, 0.1):
        now_s[0] += 0.02
        gate._measure_effort(JointState(name=names, effort=[share * limit] + [0.0] * 6))
    assert gate.telemetry()['effort_peak'] == pytest.approx(1.6)
    assert gate.telemetry()['effort_ratio'] == pytest.approx(0.1)
    now_s[0] += 0.26
    gate._measure_effort(JointState(name=names, effort=[0.1 * limit] + [0.0] * 6))
    assert gate.telemetry()['effort_peak'] == pytest.approx(0.1)


def test_efforts_and_images_that_stop_are_told_no_more(gate) -> None:
    gate._on_description(String(data=URDF))
    now_s = [50.0]
    gate._now_s = lambda: now_s[0]
    gate._measure_effort(JointState(name=['joint_1'], effort=[200.0]))
    for step in range(3):
        gate.on_camera(image(step, disc(20)))
    told = gate.telemetry()
    assert (told['effort_ratio'], 'looming' in told) == (pytest.approx(200.0 / 60.0), True)
    now_s[0] += 1.01
    told = gate.telemetry()
    assert (told['effort_ratio'], told['effort_peak'], 'looming' in told) == (0.0, 0.0, False)


@pytest.mark.parametrize(('status', 'current', 'told'), [
    (BatteryState.POWER_SUPPLY_STATUS_CHARGING, np.nan, 1.0),
    (BatteryState.POWER_SUPPLY_STATUS_FULL, 0.0, 1.0),
    (BatteryState.POWER_SUPPLY_STATUS_DISCHARGING, 0.0, 0.0),
    (BatteryState.POWER_SUPPLY_STATUS_NOT_CHARGING, 0.0, 0.0),
    (BatteryState.POWER_SUPPLY_STATUS_UNKNOWN, 1.5, 1.0),
    (BatteryState.POWER_SUPPLY_STATUS_UNKNOWN, -1.5, 0.0),
    (BatteryState.POWER_SUPPLY_STATUS_UNKNOWN, 0.0, None),
    (BatteryState.POWER_SUPPLY_STATUS_UNKNOWN, np.nan, None)])
def test_whether_a_battery_charges_is_told_where_it_tells(gate, status, current, told) -> None:
    gate.on_battery(BatteryState(percentage=0.5, power_supply_status=status, current=current))
    assert gate.telemetry().get('charging') == told
