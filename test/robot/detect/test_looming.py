"""The time to contact, on pictures that were drawn from it."""

import cv2
import numpy as np
import pytest
from drawn_images import disc, scene

from abm_ros.robot.detect.config import DetectorConfig
from abm_ros.robot.detect.looming import LoomingDetector

CONFIG = DetectorConfig()
DT_NS = 50_000_000


def rates(pictures) -> list[float]:
    detector = LoomingDetector(CONFIG)
    found = []
    for i, picture in enumerate(pictures):
        detector.look(1 + i * DT_NS, picture)
        found.append(detector.rate)
    return found


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
        detector.look(1 + i * 2_000_000_000, disc(background, 48, 48, 8 + 4 * i))
        assert detector.rate == 0.0
