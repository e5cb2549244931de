"""Prepares camera images for observations: scaled, channels first, numbers k / 255."""

import numpy as np

from abm_ros.common.errors import SpecError


def scaled(pixels: np.ndarray, size: int) -> np.ndarray:
    """
    Return a camera image in the form of observations.

    Larger images are averaged down, so that an object that covers half a pixel counts for half.

    :param pixels: (H, W, 3) uint8.
    :param size: width and height to scale to.
    :return: (3 * size * size,) float32 of whole multiples of 1 / 255.
    :raises SpecError: another shape or type.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise SpecError(f'camera image: expected (height, width, 3) of uint8, got {pixels.shape} '
                        f'of {pixels.dtype}')
    if pixels.shape[:2] != (size, size):
        import cv2  # here: nodes without a camera need not load it
        shrinks = min(pixels.shape[:2]) >= size
        pixels = cv2.resize(pixels, (size, size),
                            interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    flat: np.ndarray = np.ascontiguousarray(pixels.transpose(2, 0, 1)).reshape(-1)
    return flat.astype(np.float32) / np.float32(255.0)
