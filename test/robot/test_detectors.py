"""The hard-wired detectors, on pictures whose truth is known because they were drawn from it."""

import json
import math
import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm_ros.common.errors import SpecError
from abm_ros.robot.detectors import (
    DetectorConfig,
    Detectors,
    LoomingDetector,
    MarkerDetector,
    PeakHold,
)

CONFIG = DetectorConfig()
DT_NS = 50_000_000


def scene(seed: int, size: int = 96) -> np.ndarray:
    """Return a still, textured background (H, W, 3)."""
    rough = np.random.default_rng(seed).integers(90, 160, (12, 12), np.uint8)
    grey = cv2.resize(rough, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.repeat(grey[..., None], 3, axis=2)


def disc(background: np.ndarray, x: float, y: float, radius: float, shade: int = 20) -> np.ndarray:
    """Draw a filled circle with subpixel position and radius."""
    picture = background.copy()
    cv2.circle(picture, (round(x * 16), round(y * 16)), round(radius * 16),
               (shade, shade, shade), -1, cv2.LINE_AA, 4)
    return picture


def rates(pictures) -> list[float]:
    detector = LoomingDetector(CONFIG)
    return [detector.look(1 + i * DT_NS, picture) for i, picture in enumerate(pictures)]


@pytest.mark.parametrize('contact_s', [0.6, 1.0, 2.0])
@pytest.mark.parametrize('shade', [20, 230])
def test_the_time_to_contact_of_an_approaching_disc(contact_s, shade) -> None:
    """A disc of radius R at distance Z = v (T - t) is seen with radius f R / Z: 9 at t = 0."""
    background = scene(0)
    times = [i * 0.05 for i in range(8)]
    found = rates(disc(background, 50, 46, 9 * contact_s / (contact_s - t), shade) for t in times)
    for i in (5, 6, 7):
        # The median of three images tells the truth of the middle one.
        truth = contact_s - times[i - 1]
        assert 1.0 / found[i] == pytest.approx(truth, rel=0.2)


@pytest.mark.parametrize('name', ['still', 'passing', 'receding', 'turning', 'noise', 'flicker'])
def test_what_does_not_come_nearer_does_not_loom(name) -> None:
    background, rng = scene(1), np.random.default_rng(2)

    def picture(i: int) -> np.ndarray:
        if name == 'passing':
            return disc(background, 25 + 2.5 * i, 48, 14)
        if name == 'receding':
            return disc(background, 48, 48, 22 - 1.2 * i)
        if name == 'turning':
            turned = background.copy()
            box = cv2.boxPoints(((48, 48), (50, 12), 5.0 * i))
            return cv2.fillPoly(turned, [np.intp(box)], (20, 20, 20))
        if name == 'noise':
            return rng.integers(0, 255, background.shape, np.uint8)
        if name == 'flicker':
            return (background * (0.8 + 0.2 * (i % 2))).astype(np.uint8)
        return disc(background, 48, 48, 20)

    # Slower than 2 s to contact at the worst: phi freezes at 1 s.
    assert max(rates(picture(i) for i in range(10))) < 0.5


def test_a_gap_between_images_is_not_an_approach() -> None:
    detector = LoomingDetector(CONFIG)
    background = scene(3)
    for i in range(6):
        assert detector.look(1 + i * 2_000_000_000, disc(background, 48, 48, 8 + 4 * i)) == 0.0


def marker(number: int, turned: int = 0, at=(60, 30), side: int = 40) -> np.ndarray:
    picture = np.full((120, 160, 3), 255, np.uint8)
    drawn = cv2.aruco.generateImageMarker(
        cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50), number, side)
    x, y = at
    picture[y:y + side, x:x + side] = np.rot90(drawn, turned)[..., None]
    return picture


@pytest.mark.parametrize(('turned', 'angle'), [
    (0, math.pi / 2), (1, math.pi), (3, 0.0), (2, -math.pi / 2)])
def test_a_marker_is_read_with_its_place_and_its_direction(turned, angle) -> None:
    cue = MarkerDetector('DICT_4X4_50').find(marker(7, turned))
    assert cue is not None
    assert cue.marker == 7
    assert (cue.x, cue.y, cue.size) == pytest.approx((0.5, 50 / 120, 0.25), abs=0.01)
    assert math.cos(cue.angle - angle) == pytest.approx(1.0, abs=0.01)
    assert json.loads(cue.text())['marker'] == 7


def test_no_marker_and_wrong_images() -> None:
    finder = MarkerDetector('DICT_4X4_50')
    assert finder.find(scene(0)) is None
    for wrong in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(SpecError, match='camera image'):
            finder.find(wrong)


def test_telemetry_is_empty_until_an_image_came_and_after_the_eyes_were_shut() -> None:
    detectors = Detectors(CONFIG)
    assert detectors.telemetry(7.0) == {}
    for i in range(3):
        assert detectors.due(1 + i * DT_NS)
        detectors.look(1 + i * DT_NS, marker(3), 7.0 + i * 0.05)
        assert not detectors.due(1 + i * DT_NS + DT_NS // 2)
    assert detectors.telemetry(7.1) == {'looming': 0.0, 'cue': 1.0}
    detectors.forget()
    assert detectors.telemetry(7.1) == {}


def test_what_loomed_is_told_no_more_when_the_camera_falls_silent() -> None:
    """Stamps stand still with the camera: only a steady clock tells that no image comes."""
    detectors, background = Detectors(CONFIG), scene(0)
    for i in range(8):
        detectors.look(1 + i * DT_NS, disc(background, 50, 46, 9 * 0.6 / (0.6 - i * 0.05)),
                       7.0 + i * 0.05)
    seen = detectors.telemetry(7.35)
    assert seen['looming'] > 1.0
    assert detectors.telemetry(7.35 + 0.49) == seen
    assert detectors.telemetry(7.35 + 0.51) == {}
    detectors.look(1 + 8 * DT_NS, disc(background, 50, 46, 30), 9.0)   # it was stuck, not the arm
    assert detectors.telemetry(9.0) == {'looming': 0.0, 'cue': 0.0}


def test_an_effort_that_is_told_no_more_hurts_no_more() -> None:
    held = PeakHold(0.25, 1.0)
    held.take(0.0, 1.9)
    assert [held.value(t) for t in (0.0, 0.9, 1.0)] == [1.9] * 3    # slow, but not silent
    assert held.value(1.01) == 0.0
    held.take(2.0, 0.5)
    assert held.value(2.0) == 0.5


@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 3.0)), min_size=1, max_size=40),
       st.floats(0.0, 2.0))
def test_the_peak_is_the_largest_of_the_window(steps, window_s) -> None:
    held, taken, now_s = PeakHold(window_s, 1e9), [], 0.0
    for passed_s, value in steps:
        now_s += passed_s
        taken.append((now_s, value))
        held.take(now_s, value)
        held.take(now_s, math.nan)
        assert held.value(now_s) == max(v for t, v in taken if now_s - t <= window_s)


def test_without_images_opencv_is_not_loaded() -> None:
    code = ('import sys; from abm_ros.robot.detectors import Detectors, DetectorConfig; '
            'Detectors(DetectorConfig()).telemetry(0.0); sys.exit("cv2" in sys.modules)')
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0
