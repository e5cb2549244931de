"""Pointing markers, on pictures that they were drawn into."""

import json
import math

import numpy as np
import pytest
from drawn_images import marker, scene

from abm_ros.common.errors import SpecError
from abm_ros.robot.detect.config import DetectorConfig
from abm_ros.robot.detect.marker import MarkerDetector


@pytest.mark.parametrize(('turned', 'angle'), [
    (0, math.pi / 2), (1, math.pi), (3, 0.0), (2, -math.pi / 2)])
def test_a_marker_is_read_with_its_place_and_its_direction(turned, angle) -> None:
    cue = MarkerDetector(DetectorConfig()).find(marker(7, turned))
    assert cue is not None
    assert cue.marker == 7
    assert (cue.x, cue.y, cue.size) == pytest.approx((0.5, 50 / 120, 0.25), abs=0.01)
    assert math.cos(cue.angle - angle) == pytest.approx(1.0, abs=0.01)
    assert json.loads(cue.text())['marker'] == 7


def test_no_marker_and_wrong_images() -> None:
    finder = MarkerDetector(DetectorConfig())
    assert finder.find(scene(0)) is None
    for wrong in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(SpecError, match='camera image'):
            finder.find(wrong)
