"""
Hard-wired detectors of the sensory gate: a pointing marker, something that looms, over-force.

They learn nothing, so they work from the first moment on. OpenCV is imported with the first
image. Source: arXiv:2603.15381, table C.1; Lee 1976 (time to contact from expansion).
"""

import json
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from abm_ros.common.config import check, setting
from abm_ros.common.errors import SpecError

_FRAMES = 3          # whose median expansion counts: one bad frame neither raises nor hides it
_NOISE = 8.0         # grey levels of change that pixel noise does not reach after smoothing
_LEAST_LIKENESS = 0.8
_LEAST_EVENNESS = 0.3    # growth in the lesser direction, relative to that in the greater


@dataclass(frozen=True)
class DetectorConfig:
    """Settings of the detectors."""

    detector_period_s: float = setting(
        0.05, 'Least time between two images that the detectors look at.', unit='s',
        low=0.0, high=10.0)
    detector_gap_s: float = setting(
        0.5, 'Two images further apart are not compared; findings older than this, with no image '
        'since, are told no more.',
        unit='s', low=0.01, high=10.0)
    marker_dictionary: str = setting(
        'DICT_4X4_50', "OpenCV's name of the ArUco dictionary of pointing markers.",
        choices=('DICT_4X4_50', 'DICT_5X5_50', 'DICT_6X6_50', 'DICT_ARUCO_ORIGINAL'))
    looming_pixels: int = setting(
        96, 'Larger side to which an image is scaled before its expansion is measured.',
        unit='pixel', low=16, high=512)
    looming_baseline_s: float = setting(
        0.15, 'Time over which an expansion is measured: longer sees slower things, later.',
        unit='s', low=0.0, high=10.0)
    looming_area: float = setting(
        0.02, 'Least share of the image that a looming thing covers.', low=0.001, high=1.0)
    force_hold_s: float = setting(
        0.25, 'How long the largest effort is held, so that telemetry misses no impact.',
        unit='s', low=0.0, high=10.0)
    effort_timeout_s: float = setting(
        1.0, 'Efforts older than this, with none since, are told no more.',
        unit='s', low=0.05, high=60.0)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class Cue:
    """A marker seen: where it is in the picture, and which way its top edge points."""

    marker: int
    x: float          # centre, share of the width from the left
    y: float          # centre, share of the height from the top
    size: float       # mean side, share of the width
    angle: float      # rad, counter-clockwise from the right, as seen in the picture

    def text(self) -> str:
        """Return it as JSON, what topic `cue` carries."""
        return json.dumps({'marker': self.marker, **{
            name: round(getattr(self, name), 4) for name in ('x', 'y', 'size', 'angle')}})


class MarkerDetector:
    """Finds ArUco markers (Garrido-Jurado et al. 2014)."""

    def __init__(self, dictionary: str) -> None:
        """:param dictionary: OpenCV's name of a predefined dictionary."""
        self._dictionary = dictionary
        self._detector: Any = None

    def find(self, pixels: np.ndarray) -> Cue | None:
        """
        Return the largest marker in an image (H, W, 3) uint8, None where there is none.

        :raises SpecError: not such an image.
        """
        import cv2
        if self._detector is None:
            number = getattr(cv2.aruco, self._dictionary)
            self._detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(number))
        grey = _grey(pixels)
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


class LoomingDetector:
    """
    Measures how fast the largest moving thing grows in the picture.

    Where a thing comes straight at the camera, its picture grows by s = Z1 / Z2 between two
    images dt apart, so the time to contact is dt / (s - 1). An affine map between the two
    pictures of what changed is fitted by enhanced correlation (Evangelidis & Psarakis 2008);
    only growth in *both* of its principal directions counts, so that what turns, shears or
    passes by does not loom.
    """

    def __init__(self, config: DetectorConfig) -> None:
        self._config = config
        self._past: deque[tuple[int, np.ndarray]] = deque()     # oldest first
        self._rates: deque[float] = deque(maxlen=_FRAMES)

    @property
    def rate(self) -> float:
        """Inverse of the time to contact, 1/s, the median of the last images; 0 for none."""
        return float(np.median(self._rates)) if len(self._rates) == _FRAMES else 0.0

    def forget(self) -> None:
        """Begin anew: what comes does not go on from what was seen."""
        self._past.clear()
        self._rates.clear()

    def look(self, stamp_ns: int, pixels: np.ndarray) -> float:
        """
        Take an image (H, W, 3) uint8 and return `rate`.

        :raises SpecError: not such an image.
        """
        import cv2
        grey = _grey(pixels)
        scale = self._config.looming_pixels / max(grey.shape)
        if scale < 1.0:
            grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        grey = cv2.GaussianBlur(grey, (5, 5), 0)
        self._keep(stamp_ns, grey)
        then_ns, before = self._past[0]
        if stamp_ns > then_ns:
            growth = self._growth(before, grey)
            self._rates.append(max(0.0, growth - 1.0) / ((stamp_ns - then_ns) * 1e-9))
        return self.rate

    def _keep(self, stamp_ns: int, grey: np.ndarray) -> None:
        """Remember an image; the oldest one kept is the one to compare with."""
        past = self._past
        if past and (past[-1][1].shape != grey.shape or not (
                0 < stamp_ns - past[-1][0] <= self._config.detector_gap_s * 1e9)):
            self.forget()
        past.append((stamp_ns, grey))
        while len(past) > 2 and stamp_ns - past[1][0] >= self._config.looming_baseline_s * 1e9:
            past.popleft()

    def _growth(self, before: np.ndarray, now: np.ndarray) -> float:
        """Return by what factor the largest thing that changed grew, 1 for none."""
        import cv2
        mask = self._moved(before, now)
        if mask is None:
            return 1.0
        start = np.eye(2, 3, dtype=np.float32)
        stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 1e-4)
        try:
            likeness, warp = cv2.findTransformECC(before, now, start, cv2.MOTION_AFFINE, stop,
                                                  mask, 1)
        except cv2.error:    # it did not converge: two pictures of different things
            return 1.0
        if likeness < _LEAST_LIKENESS:
            return 1.0
        most, least = np.linalg.svd(warp[:, :2].astype(float), compute_uv=False)
        if least - 1.0 < _LEAST_EVENNESS * (most - 1.0):
            return 1.0
        return float(np.sqrt(most * least))

    def _moved(self, before: np.ndarray, now: np.ndarray) -> np.ndarray | None:
        """Return the hull (H, W) uint8 of the largest patch of change, None if it is small."""
        import cv2
        changed = cv2.dilate((cv2.absdiff(before, now) > _NOISE).astype(np.uint8),
                             np.ones((5, 5), np.uint8))
        outlines, _ = cv2.findContours(changed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        if not outlines:
            return None
        hull = cv2.convexHull(max(outlines, key=lambda o: cv2.contourArea(cv2.convexHull(o))))
        if cv2.contourArea(hull) < self._config.looming_area * now.size:
            return None
        mask = np.zeros(now.shape, np.uint8)
        cv2.fillConvexPoly(mask, hull, 255)
        return mask


class PeakHold:
    """
    Holds the largest value of the last `window_s` seconds: an impact is shorter than a look.

    With no value for `timeout_s` there is none: a sensor that fell silent tells nothing.
    """

    def __init__(self, window_s: float, timeout_s: float) -> None:
        self._window_s = window_s
        self._timeout_s = timeout_s
        self._kept: deque[tuple[float, float]] = deque()    # falling values, the first is largest

    def take(self, now_s: float, value: float) -> None:
        """Take a value; what is not a number is left out."""
        if not np.isfinite(value):
            return
        while self._kept and self._kept[-1][1] <= value:
            self._kept.pop()
        self._kept.append((now_s, value))

    def value(self, now_s: float) -> float:
        """Return the largest value of the window; the newest where all are older; 0 for none."""
        if self._kept and now_s - self._kept[-1][0] > self._timeout_s:
            self._kept.clear()
        while len(self._kept) > 1 and now_s - self._kept[0][0] > self._window_s:
            self._kept.popleft()
        return self._kept[0][1] if self._kept else 0.0


class Detectors:
    """All that looks at camera images, with what was found last."""

    def __init__(self, config: DetectorConfig) -> None:
        self._config = config
        self._marker = MarkerDetector(config.marker_dictionary)
        self._looming = LoomingDetector(config)
        self._seen: deque[bool] = deque(maxlen=_FRAMES)
        self._last_ns: int | None = None
        self._looked_s = -np.inf

    def due(self, stamp_ns: int) -> bool:
        """Tell whether an image of this stamp is wanted."""
        last = self._last_ns
        return last is None or stamp_ns < last or (
            (stamp_ns - last) * 1e-9 >= 0.9 * self._config.detector_period_s)

    def look(self, stamp_ns: int, pixels: np.ndarray, now_s: float) -> Cue | None:
        """
        Take an image (H, W, 3) uint8 and return the marker in it.

        :param now_s: steady time, s; by it the findings go stale when no image comes.
        :raises SpecError: not such an image.
        """
        if self._is_stale(now_s):
            self.forget()
        self._last_ns, self._looked_s = stamp_ns, now_s
        cue = self._marker.find(pixels)
        self._seen.append(cue is not None)
        self._looming.look(stamp_ns, pixels)
        return cue

    def forget(self) -> None:
        """Forget what was seen: the eyes were shut, or no image came."""
        self._seen.clear()
        self._looming.forget()
        self._last_ns = None

    def telemetry(self, now_s: float) -> dict[str, float]:
        """
        Return `looming` (1/s) and `cue` (share of the last images with a marker).

        Nothing where no image came lately: a camera that fell silent sees nothing.
        """
        if self._last_ns is None or self._is_stale(now_s):
            return {}
        return {'looming': self._looming.rate,
                'cue': sum(self._seen) / _FRAMES}

    def _is_stale(self, now_s: float) -> bool:
        return now_s - self._looked_s > self._config.detector_gap_s


def _grey(pixels: np.ndarray) -> np.ndarray:
    """Return an image (H, W, 3) uint8 as (H, W) uint8."""
    import cv2
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
        raise SpecError(f'camera image: expected (H, W, 3) uint8, got {pixels.shape} '
                        f'{pixels.dtype}')
    return cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
