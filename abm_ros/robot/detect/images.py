"""Conversion of images for detectors. OpenCV is imported with the first image."""

import numpy as np

from abm_ros.common.errors import SpecError


def grey_of(pixels: np.ndarray) -> np.ndarray:
    """
    Return an image (H, W, 3) uint8 as (H, W) uint8.

    :raises SpecError: not such an image.
    """
    import cv2
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
        raise SpecError(f'camera image: expected (H, W, 3) uint8, got {pixels.shape} '
                        f'{pixels.dtype}')
    return cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
