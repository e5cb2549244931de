"""The statistics that a LeRobotDataset keeps of every feature: min, max, mean, std, count."""

from collections.abc import Mapping
from typing import Any

import numpy as np

_QUANTITIES = ('min', 'max', 'mean', 'std', 'count')


class Moments:
    """Sums over frames for the statistics; values that are not finite are ignored."""

    def __init__(self) -> None:
        # Per feature: count, sum, sum of squares, min, max, each (C,) or of an image (C, 1, 1).
        self._sums: dict[str, list[np.ndarray]] = {}
        self._frames: dict[str, int] = {}

    def take(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take frames of plain features (N,) or (N, C)."""
        for key, values in arrays.items():
            self._add(key, values.astype(float).reshape(len(values), -1), len(values), ())

    def take_images(self, images: Mapping[str, np.ndarray]) -> None:
        """Take frames of images (N, channels, height, width) uint8, scaled to [0, 1]."""
        for key, values in images.items():
            channels = 3 if values.shape[1] == 3 else 1
            flat = values.reshape(len(values), channels, -1).transpose(0, 2, 1) / 255.0
            self._add(key, flat.reshape(-1, channels), len(values), (1, 1))

    def merge(self, other: 'Moments') -> None:
        """Add the sums of another object."""
        for key, sums in other._sums.items():
            self._merge(key, sums, other._frames[key])

    def figures(self) -> dict[str, dict[str, Any]]:
        """Return the statistics of every feature, for JSON."""
        found = {}
        for key, (count, total, squares, low, high) in self._sums.items():
            seen = np.maximum(count, 1)
            mean = total / seen
            std = np.sqrt(np.maximum(squares / seen - mean ** 2, 0.0))
            values = (np.where(count, low, 0.0), np.where(count, high, 0.0), mean, std,
                      np.array([self._frames[key]]))
            found[key] = {name: value.tolist()
                          for name, value in zip(_QUANTITIES, values, strict=True)}
        return found

    def _add(self, key: str, values: np.ndarray, frames: int, tail: tuple[int, ...]) -> None:
        finite = np.isfinite(values)
        shape = (values.shape[1], *tail)
        known = np.where(finite, values, 0.0)
        self._merge(key, [column.reshape(shape) for column in (
            finite.sum(0), known.sum(0), (known ** 2).sum(0),
            np.where(finite, values, np.inf).min(0),
            np.where(finite, values, -np.inf).max(0))], frames)

    def _merge(self, key: str, sums: list[np.ndarray], frames: int) -> None:
        before = self._sums.get(key)
        self._frames[key] = self._frames.get(key, 0) + frames
        if before is None:
            self._sums[key] = sums
            return
        self._sums[key] = [*(a + b for a, b in zip(before[:3], sums[:3], strict=True)),
                           np.minimum(before[3], sums[3]), np.maximum(before[4], sums[4])]
