"""
Storage of observations: images as 8-bit pixels, everything else as float32.

The numbers of an image are k / 255 for a whole k, so that 8-bit pixels are exact. PNG compresses
them without loss.
"""

import numpy as np

from abm_ros.common.errors import SpecError
from abm_ros.common.spec import ObservationSpec

_SHADES = np.float32(255.0)
_GROUP = 3         # pixels in one float32, which is exact for whole numbers up to 2 ** 24
_SLACK = 1e-6      # some units in the last place, since k / 255 may have been rounded
_PNG_LEVEL = 1     # higher levels take several times as long for a few per cent


class Packing:
    """Splits observations of one spec into numbers and pixels, and pixels into PNG files."""

    def __init__(self, spec: ObservationSpec) -> None:
        self.images = spec.images
        self.number_size = spec.numbers
        self.pixel_size = spec.pixels
        self.goal_slice = spec.goal_slice          # the goal is no image

    def split(self, observation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """
        Return the numbers (..., V) float32 and the pixels (..., P) uint8 of (..., D).

        :raises SpecError: an image's number is not k / 255.
        """
        if not self.images:
            return observation, np.empty((*observation.shape[:-1], 0), np.uint8)
        shades = observation[..., self.number_size:]
        pixels = np.clip(np.rint(shades * _SHADES), 0, 255).astype(np.uint8)
        worst = float(np.abs(pixels / _SHADES - shades).max(initial=0.0))
        if not worst <= _SLACK:
            raise SpecError('image fields: expected numbers k / 255 with k in 0..255, got one '
                            f'that is off by {worst:g}; scale 8-bit images by 1 / 255')
        return observation[..., :self.number_size], pixels

    def compress(self, pixels: np.ndarray) -> list[bytes]:
        """Return the PNG files of pixels (N, P): those of the first step, of the second, ..."""
        return [encode_png(row[start:stop].reshape(shape))
                for row in pixels for shape, start, stop in self._places()]

    def decompress(self, files: list[bytes]) -> np.ndarray:
        """
        Return the pixels (N, P) uint8 of what `compress` wrote.

        :raises ValueError: a file is no PNG of the field's shape.
        """
        places = self._places()
        steps = len(files) // len(places) if places else 0
        out = np.empty((steps, self.pixel_size), np.uint8)
        for number, data in enumerate(files):
            shape, start, stop = places[number % len(places)]
            out[number // len(places), start:stop] = decode_png(data, shape).reshape(-1)
        return out

    def _places(self) -> list[tuple[tuple[int, ...], int, int]]:
        places, start = [], 0
        for field in self.images:
            places.append((field.shape, start, start + field.size))
            start += field.size
        return places


def joined(numbers: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Return the observations (..., D) float32 of what `Packing.split` made."""
    count, size = numbers.shape[-1], pixels.shape[-1]
    if not size:
        return numbers
    out = np.empty((*numbers.shape[:-1], count + size), np.float32)
    out[..., :count] = numbers
    # Computed, since a look-up table is ten times slower in numpy.
    np.divide(pixels, _SHADES, out=out[..., count:], dtype=np.float32)
    return out


def grouped(pixels: np.ndarray) -> np.ndarray:
    """Return pixels (..., P) uint8 as (..., ceil(P / 3)) float32 with three pixels in each."""
    missing = -pixels.shape[-1] % _GROUP
    if missing:
        pixels = np.concatenate(
            [pixels, np.zeros((*pixels.shape[:-1], missing), np.uint8)], axis=-1)
    parts = pixels.reshape(*pixels.shape[:-1], -1, _GROUP)
    out = parts[..., 2].astype(np.float32)
    for i in (1, 0):
        out *= np.float32(256.0)
        out += parts[..., i]
    return out


def ungrouped(groups: np.ndarray, count: int) -> np.ndarray:
    """
    Return the pixels (..., count) uint8 that `grouped` packed.

    :raises SpecError: it does not hold this many pixels.
    """
    whole = groups.astype(np.uint32) if np.all((groups >= 0) & (groups < 1 << 24)) else None
    if whole is None or groups.shape[-1] != -(-count // _GROUP) or np.any(whole != groups):
        raise SpecError(f'pixels: expected whole numbers in 0..2 ** 24 - 1, one for {_GROUP} of '
                        f'{count} pixels, got an array of shape {groups.shape}')
    out = np.empty((*groups.shape, _GROUP), np.uint8)
    for i in range(_GROUP):
        out[..., i] = whole >> 8 * i & 255
    return out.reshape(*groups.shape[:-1], -1)[..., :count]


def encode_png(image: np.ndarray) -> bytes:
    """Return a PNG of (channels, height, width) uint8; three channels are R, G, B."""
    import cv2
    channels, height, width = image.shape
    if channels == 3:
        flat = np.ascontiguousarray(image[::-1].transpose(1, 2, 0))      # OpenCV writes BGR
    else:
        flat = np.ascontiguousarray(image).reshape(channels * height, width)
    done, data = cv2.imencode('.png', flat, [cv2.IMWRITE_PNG_COMPRESSION, _PNG_LEVEL])
    if not done:
        raise SpecError(f'an image of shape {image.shape} cannot be written as PNG')
    return bytes(data)


def decode_png(data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """
    Return the image (channels, height, width) uint8 of a PNG.

    :raises ValueError: it is damaged or of another shape.
    """
    import cv2
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise ValueError('not a PNG image')
    channels, height, width = shape
    wanted = (height, width, 3) if channels == 3 else (channels * height, width)
    if image.shape != wanted or image.dtype != np.uint8:
        raise ValueError(f'expected an 8-bit image of shape {wanted}, got {image.shape}')
    out: np.ndarray = (image.transpose(2, 0, 1)[::-1] if channels == 3
                       else image.reshape(shape))
    return out

