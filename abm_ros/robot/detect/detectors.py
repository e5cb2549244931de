"""Runs the detectors on camera images and keeps their last findings."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from abm_ros.common.registry import Registry
from abm_ros.robot.detect.config import DetectorConfig

# Classes that take a `DetectorConfig` and are `ImageDetector`s.
DETECTORS = Registry('abm_ros.detectors', {
    'marker': 'abm_ros.robot.detect.marker:MarkerDetector',
    'looming': 'abm_ros.robot.detect.looming:LoomingDetector'})


class ImageDetector(Protocol):
    """A detector, which sees every image that the gate has time for."""

    def look(self, stamp_ns: int, pixels: np.ndarray) -> str:
        """
        Take an image (H, W, 3) uint8, RGB; return the text for topic `cue`, '' for none.

        :raises SpecError: not such an image.
        """

    def findings(self) -> Mapping[str, float]:
        """Return findings of the last images, as named numbers."""

    def forget(self) -> None:
        """Start over: the next image does not continue the last one."""


class Detectors:
    """
    The detectors that a setting names.

    :raises ConfigError: one is unknown or cannot be loaded.
    """

    def __init__(self, config: DetectorConfig) -> None:
        self._config = config
        self._detectors: list[ImageDetector] = [
            DETECTORS.get(name)(config) for name in config.detectors]
        self._last_ns: int | None = None
        self._looked_s = -np.inf

    def due(self, stamp_ns: int) -> bool:
        """Tell whether an image of this stamp is wanted."""
        last = self._last_ns
        return last is None or stamp_ns < last or (
            (stamp_ns - last) * 1e-9 >= 0.9 * self._config.detector_period_s)

    def look(self, stamp_ns: int, pixels: np.ndarray, now_s: float) -> list[str]:
        """
        Take an image (H, W, 3) uint8 and return the text for topic `cue`.

        :param now_s: steady time, s, by which findings go stale without new images.
        :raises SpecError: not such an image.
        """
        if self._is_stale(now_s):
            self.forget()
        self._last_ns, self._looked_s = stamp_ns, now_s
        told = [detector.look(stamp_ns, pixels) for detector in self._detectors]
        return [text for text in told if text]

    def forget(self) -> None:
        """Drop the findings: the senses were shut, or no image came."""
        for detector in self._detectors:
            detector.forget()
        self._last_ns = None

    def findings(self, now_s: float) -> dict[str, float]:
        """
        Return the findings of all detectors by name; of equal names the largest.

        They are empty if no image came lately: a silent camera sees nothing.
        """
        found: dict[str, float] = {}
        if self._last_ns is not None and not self._is_stale(now_s):
            for detector in self._detectors:
                for name, value in detector.findings().items():
                    found[name] = max(value, found.get(name, value))
        return found

    def _is_stale(self, now_s: float) -> bool:
        return now_s - self._looked_s > self._config.detector_gap_s
