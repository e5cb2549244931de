"""All detectors together, and one of another package."""

import subprocess
import sys

import numpy as np
import pytest
from drawn_images import disc, marker, scene

from abm_ros.common.errors import ConfigError
from abm_ros.robot.detect.config import DetectorConfig
from abm_ros.robot.detect.detectors import Detectors

CONFIG = DetectorConfig()
DT_NS = 50_000_000


def test_there_are_no_findings_until_an_image_came_and_after_the_eyes_were_shut() -> None:
    detectors = Detectors(CONFIG)
    assert detectors.findings(7.0) == {}
    for i in range(3):
        assert detectors.due(1 + i * DT_NS)
        detectors.look(1 + i * DT_NS, marker(3), 7.0 + i * 0.05)
        assert not detectors.due(1 + i * DT_NS + DT_NS // 2)
    assert detectors.findings(7.1) == {'looming': 0.0, 'cue': 1.0}
    detectors.forget()
    assert detectors.findings(7.1) == {}


def test_what_loomed_is_told_no_more_when_the_camera_falls_silent() -> None:
    """Stamps stand still with the camera: only a steady clock tells that no image comes."""
    detectors, background = Detectors(CONFIG), scene(0)
    for i in range(8):
        detectors.look(1 + i * DT_NS, disc(background, 50, 46, 9 * 0.6 / (0.6 - i * 0.05)),
                       7.0 + i * 0.05)
    seen = detectors.findings(7.35)
    assert seen['looming'] > 1.0
    assert detectors.findings(7.35 + 0.49) == seen
    assert detectors.findings(7.35 + 0.51) == {}
    detectors.look(1 + 8 * DT_NS, disc(background, 50, 46, 30), 9.0)   # it was stuck, not the arm
    assert detectors.findings(9.0) == {'looming': 0.0, 'cue': 0.0}


def test_without_images_opencv_is_not_loaded() -> None:
    code = ('import sys; from abm_ros.robot.detect.config import DetectorConfig; '
            'from abm_ros.robot.detect.detectors import Detectors; '
            'Detectors(DetectorConfig()).findings(0.0); sys.exit("cv2" in sys.modules)')
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0


BRIGHTNESS = """
class Brightness:
    def __init__(self, config):
        self.last = 0.0

    def look(self, stamp_ns, pixels):
        self.last = float(pixels.mean()) / 255.0
        return 'dark' if self.last < 0.1 else ''

    def findings(self):
        return {'brightness': self.last, 'looming': 3.0}

    def forget(self):
        self.last = 0.0
"""


def test_another_package_adds_a_detector(tmp_path, monkeypatch) -> None:
    (tmp_path / 'brightness.py').write_text(BRIGHTNESS)
    info = tmp_path / 'brightness-1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text('Metadata-Version: 2.1\nName: brightness\nVersion: 1.0\n')
    (info / 'entry_points.txt').write_text(
        '[abm_ros.detectors]\nbrightness = brightness:Brightness\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    detectors = Detectors(DetectorConfig(detectors=('looming', 'brightness')))
    assert detectors.look(1, np.full((96, 96, 3), 51, np.uint8), 7.0) == []
    # No marker is looked for; of two that speak of looming the larger counts.
    assert detectors.findings(7.0) == {'looming': 3.0, 'brightness': pytest.approx(0.2)}
    assert detectors.look(1 + DT_NS, np.zeros((96, 96, 3), np.uint8), 7.05) == ['dark']


def test_an_unknown_detector_is_refused() -> None:
    with pytest.raises(ConfigError, match="'smell' is unknown, expected one of marker, looming"):
        Detectors(DetectorConfig(detectors=('smell',)))
