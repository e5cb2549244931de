"""
How an observation is kept: images as 8-bit pixels, everything else as float32.

An image field of the spec has a shape of three entries (channels, height, width) and numbers that
are k / 255 for a whole k, so that pixels lose nothing. PNG compresses them, losslessly.
"""

import math

import numpy as np

from abm_ros.core.errors import SpecError
from abm_ros.core.spec import FieldSpec, ObservationSpec

_VALUES = (np.arange(256, dtype=np.float32) / np.float32(255.0))
_SLACK = 1e-6      # some units in the last place: k / 255 may have been rounded on its way
_PNG_LEVEL = 1     # higher levels take several times as long for a few per cent


def image_shape(field: FieldSpec) -> tuple[int, int, int] | None:
    """Return (channels, height, width) of an image field, None for any other field."""
    shape = tuple(getattr(field, 'shape', ()))
    return (shape[0], shape[1], shape[2]) if len(shape) == 3 else None


class Packing:
    """Splits observations of one spec into numbers and pixels and joins them again."""

    def __init__(self, spec: ObservationSpec) -> None:
        self.images = tuple((f.name, shape, spec.slice_of(f.name)) for f in spec.fields
                            if (shape := image_shape(f)) is not None)
        self.numbers = tuple((f.name, spec.slice_of(f.name)) for f in spec.fields
                             if image_shape(f) is None)
        self._size = spec.size
        self._number_columns = _columns([part for _, part in self.numbers])
        self._pixel_columns = _columns([part for _, _, part in self.images])
        self.number_size = self._number_columns.size
        self.pixel_size = self._pixel_columns.size
        # Where the achieved goal lies among the numbers; nowhere when it is an image.
        goal = spec.goal_slice
        self.goal_columns = np.flatnonzero((self._number_columns >= goal.start)
                                           & (self._number_columns < goal.stop))

    def split(self, observation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """
        Return the numbers (..., V) float32 and the pixels (..., P) uint8 of (..., D).

        :raises SpecError: an image's number is not k / 255.
        """
        if not self.images:
            return observation, np.empty((*observation.shape[:-1], 0), np.uint8)
        shades = observation[..., self._pixel_columns]
        pixels = np.clip(np.rint(shades * np.float32(255.0)), 0, 255).astype(np.uint8)
        worst = float(np.abs(_VALUES[pixels] - shades).max(initial=0.0))
        if not worst <= _SLACK:
            raise SpecError('image fields: expected numbers k / 255 with k in 0..255, got one '
                            f'that is {worst:g} beside; scale 8-bit images by 1 / 255')
        return observation[..., self._number_columns], pixels

    def join(self, numbers: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        """Return the observations (..., D) float32 of what `split` made."""
        if not self.images:
            return numbers
        out = np.empty((*numbers.shape[:-1], self._size), np.float32)
        out[..., self._number_columns] = numbers
        out[..., self._pixel_columns] = _VALUES[pixels]
        return out

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

    def _places(self) -> list[tuple[tuple[int, int, int], int, int]]:
        places, start = [], 0
        for _, shape, _ in self.images:
            places.append((shape, start, start + math.prod(shape)))
            start += math.prod(shape)
        return places


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


def decode_png(data: bytes, shape: tuple[int, int, int]) -> np.ndarray:
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


def _columns(parts: list[slice]) -> np.ndarray:
    empty = [np.empty(0, np.int64)]
    return np.concatenate(empty + [np.arange(part.start, part.stop) for part in parts])
