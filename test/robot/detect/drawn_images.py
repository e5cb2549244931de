"""Pictures whose truth is known because they were drawn from it."""

import cv2
import numpy as np


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


def marker(number: int, turned: int = 0, at=(60, 30), side: int = 40) -> np.ndarray:
    picture = np.full((120, 160, 3), 255, np.uint8)
    drawn = cv2.aruco.generateImageMarker(
        cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50), number, side)
    x, y = at
    picture[y:y + side, x:x + side] = np.rot90(drawn, turned)[..., None]
    return picture
