"""Finds a pointing marker (Garrido-Jurado et al. 2014)."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from abm_ros.robot.detect.config import DetectorConfig
from abm_ros.robot.detect.images import grey_of

_FRAMES = 3          # the last images, of which the share with a marker is reported


@dataclass(frozen=True)
class Cue:
    """A marker: its place in the picture and the direction of its top edge."""

    marker: int
    x: float          # centre, share of the width from the left
    y: float          # centre, share of the height from the top
    size: float       # mean side, share of the width
    angle: float      # rad, counter-clockwise from the right, as seen in the picture

    def text(self) -> str:
        """Return the JSON text for topic `cue`."""
        return json.dumps({'marker': self.marker, **{
            name: round(getattr(self, name), 4) for name in ('x', 'y', 'size', 'angle')}})


class MarkerDetector:
    """Finds the largest ArUco marker, and the share of the last images that show one."""

    def __init__(self, config: DetectorConfig) -> None:
        self._dictionary = config.marker_dictionary
        self._detector: Any = None
        self._seen: deque[bool] = deque(maxlen=_FRAMES)

    def look(self, stamp_ns: int, pixels: np.ndarray) -> str:
        """Take an image; return the text of its largest marker, '' for none."""
        cue = self.find(pixels)
        self._seen.append(cue is not None)
        return '' if cue is None else cue.text()

    def findings(self) -> Mapping[str, float]:
        """Return `cue`, the share of the last images with a marker."""
        return {'cue': sum(self._seen) / _FRAMES}

    def forget(self) -> None:
        """Drop all findings."""
        self._seen.clear()

    def find(self, pixels: np.ndarray) -> Cue | None:
        """
        Return the largest marker in an image (H, W, 3) uint8, None where there is none.

        :raises SpecError: not such an image.
        """
        import cv2
        if self._detector is None:
            number = getattr(cv2.aruco, self._dictionary)
            self._detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(number))
        grey = grey_of(pixels)
        corners, ids, _ = self._detector.detectMarkers(grey)
        if ids is None:
            return None
        found = [_cue(int(number), quad.reshape(4, 2), grey.shape)
                 for number, quad in zip(np.ravel(ids), corners, strict=True)]
        return max(found, key=lambda cue: cue.size)


def _cue(number: int, quad: np.ndarray, shape: tuple[int, ...]) -> Cue:
    """Make a cue of the corners (4, 2) in pixels, clockwise from the marker's top left."""
    height, width = shape
    x, y = quad.mean(axis=0)
    side = float(np.linalg.norm(quad - np.roll(quad, 1, axis=0), axis=1).mean())
    up = quad[:2].mean(axis=0) - quad[2:].mean(axis=0)
    return Cue(number, float(x) / width, float(y) / height, side / width,
               float(np.arctan2(-up[1], up[0])))
