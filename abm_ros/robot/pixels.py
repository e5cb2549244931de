"""
Camera images of the encodings that drivers use, as red, green and blue.

The encodings are those of sensor_msgs. OpenCV converts what is more than an order of channels, as
cv_bridge has it; numbers of 16 bits are scaled to 8, so that 65535 becomes 255. Depth in
millimetres (16UC1) is taken for a grey image of 16 bits.
"""

from array import array
from typing import NamedTuple

import numpy as np

from abm_ros.common.errors import SpecError


class _Form(NamedTuple):
    """Numbers per pixel, their size in bytes, and OpenCV's code; none for an order of channels."""

    channels: int
    size: int
    code: str = ''
    order: tuple[int, ...] = ()


_GREY, _RGB, _BGR = (0, 0, 0), (0, 1, 2), (2, 1, 0)
_FORMS = {
    'rgb8': _Form(3, 1, order=_RGB), 'bgr8': _Form(3, 1, order=_BGR),
    'rgba8': _Form(4, 1, order=_RGB), 'bgra8': _Form(4, 1, order=_BGR),
    'mono8': _Form(1, 1, order=_GREY), '8UC1': _Form(1, 1, order=_GREY),
    'rgb16': _Form(3, 2, order=_RGB), 'bgr16': _Form(3, 2, order=_BGR),
    'rgba16': _Form(4, 2, order=_RGB), 'bgra16': _Form(4, 2, order=_BGR),
    'mono16': _Form(1, 2, order=_GREY), '16UC1': _Form(1, 2, order=_GREY),
    'yuv422': _Form(2, 1, 'COLOR_YUV2RGB_UYVY'), 'uyvy': _Form(2, 1, 'COLOR_YUV2RGB_UYVY'),
    'yuv422_yuy2': _Form(2, 1, 'COLOR_YUV2RGB_YUYV'), 'yuyv': _Form(2, 1, 'COLOR_YUV2RGB_YUYV'),
    # ROS names the pixels of the first two rows from the top left on, OpenCV those from the second
    # row's second on.
    **{f'bayer_{pattern}{8 * size}': _Form(1, size, f'COLOR_Bayer{theirs}2RGB')
       for pattern, theirs in (('rggb', 'BG'), ('bggr', 'RG'), ('gbrg', 'GR'), ('grbg', 'GB'))
       for size in (1, 2)},
}
ENCODINGS = tuple(_FORMS)


def rgb_of(encoding: str, height: int, width: int, step: int, data: 'bytes | array[int]',
           bigendian: bool = False) -> np.ndarray:
    """
    Return a camera image as (H, W, 3) uint8 in the order red, green, blue.

    :param step: bytes in a row, which may be more than its pixels need.
    :param bigendian: the order of the bytes of numbers of 16 bits.
    :raises SpecError: another encoding, or bytes that do not hold the pixels.
    """
    form = _FORMS.get(encoding)
    if form is None:
        raise SpecError(f"camera image: encoding '{encoding}', expected one of "
                        f'{", ".join(ENCODINGS)}')
    flat = np.frombuffer(data, np.uint8)
    needed = width * form.channels * form.size
    # Two pixels share their colour in YUV 4:2:2, four make one in a Bayer pattern.
    odd = form.code and (width % 2 or ('Bayer' in form.code and height % 2))
    if step < needed or flat.size < height * step or not height * width or odd:
        raise SpecError(f'camera image: {flat.size} bytes in rows of {step} do not hold '
                        f'{height} x {width} pixels of {encoding}')
    rows = np.ascontiguousarray(flat[:height * step].reshape(height, step)[:, :needed])
    pixels = rows.view('>u2' if bigendian else '<u2') if form.size == 2 else rows
    pixels = pixels.reshape(height, width, form.channels)
    if form.code:
        import cv2  # here: nodes without such a camera need not load it
        if form.size == 2:
            pixels = pixels.astype(np.uint16)
        pixels = cv2.cvtColor(pixels, getattr(cv2, form.code))
    else:
        pixels = pixels[:, :, list(form.order)]
    return np.rint(pixels / 257.0).astype(np.uint8) if form.size == 2 else pixels
