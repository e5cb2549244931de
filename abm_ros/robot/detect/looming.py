"""Measures how fast something approaches (Lee 1976: time to contact from expansion)."""

from collections import deque
from collections.abc import Mapping

import numpy as np

from abm_ros.robot.detect.config import DetectorConfig
from abm_ros.robot.detect.images import grey_of

_FRAMES = 3          # images whose median expansion counts, so that one bad frame has no effect
_NOISE = 8.0         # grey levels of change that pixel noise does not reach after smoothing
_LEAST_LIKENESS = 0.8
_LEAST_EVENNESS = 0.3    # growth in the lesser direction, relative to that in the greater


class LoomingDetector:
    """
    Measures how fast the largest moving thing grows in the picture.

    If an object approaches the camera, its picture grows by s = Z1 / Z2 between two images dt
    apart, so the time to contact is dt / (s - 1). An affine map between the two pictures of the
    changed part is fitted by enhanced correlation (Evangelidis & Psarakis 2008). Only growth in
    *both* principal directions counts, so that objects that turn, shear or pass by do not loom.
    """

    def __init__(self, config: DetectorConfig) -> None:
        self._config = config
        self._past: deque[tuple[int, np.ndarray]] = deque()     # oldest first
        self._rates: deque[float] = deque(maxlen=_FRAMES)

    @property
    def rate(self) -> float:
        """Inverse time to contact, 1/s: the median of the last images, 0 without any."""
        return float(np.median(self._rates)) if len(self._rates) == _FRAMES else 0.0

    def forget(self) -> None:
        """Start over: the next image does not continue the last one."""
        self._past.clear()
        self._rates.clear()

    def findings(self) -> Mapping[str, float]:
        """Return `looming`, 1/s; see `rate`."""
        return {'looming': self.rate}

    def look(self, stamp_ns: int, pixels: np.ndarray) -> str:
        """Take an image; return '', since it has no text for `cue`."""
        import cv2
        grey = grey_of(pixels)
        scale = self._config.looming_pixels / max(grey.shape)
        if scale < 1.0:
            grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        grey = cv2.GaussianBlur(grey, (5, 5), 0)
        self._keep(stamp_ns, grey)
        then_ns, before = self._past[0]
        if stamp_ns > then_ns:
            growth = self._growth(before, grey)
            self._rates.append(max(0.0, growth - 1.0) / ((stamp_ns - then_ns) * 1e-9))
        return ''

    def _keep(self, stamp_ns: int, grey: np.ndarray) -> None:
        """Store an image; the oldest stored one is compared with."""
        past = self._past
        if past and (past[-1][1].shape != grey.shape or not (
                0 < stamp_ns - past[-1][0] <= self._config.detector_gap_s * 1e9)):
            self.forget()
        past.append((stamp_ns, grey))
        while len(past) > 2 and stamp_ns - past[1][0] >= self._config.looming_baseline_s * 1e9:
            past.popleft()

    def _growth(self, before: np.ndarray, now: np.ndarray) -> float:
        """Return the growth factor of the largest changed part, 1 for none."""
        import cv2
        mask = self._moved(before, now)
        if mask is None:
            return 1.0
        start = np.eye(2, 3, dtype=np.float32)
        stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 1e-4)
        try:
            likeness, warp = cv2.findTransformECC(before, now, start, cv2.MOTION_AFFINE, stop,
                                                  mask, 1)
        except cv2.error:    # no convergence: the pictures show different things
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
