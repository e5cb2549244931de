"""Camera images of the encodings that drivers use, against values written down by hand."""

import numpy as np
import pytest

from abm_ros.common.errors import SpecError
from abm_ros.robot.pixels import ENCODINGS, rgb_of

RED, GREEN, BLUE = 10, 20, 30


@pytest.mark.parametrize(('encoding', 'pixel', 'seen'), [
    ('rgb8', (RED, GREEN, BLUE), (RED, GREEN, BLUE)),
    ('bgr8', (BLUE, GREEN, RED), (RED, GREEN, BLUE)),
    ('rgba8', (RED, GREEN, BLUE, 9), (RED, GREEN, BLUE)),
    ('bgra8', (BLUE, GREEN, RED, 9), (RED, GREEN, BLUE)),
    ('mono8', (7,), (7, 7, 7)), ('8UC1', (7,), (7, 7, 7))])
def test_images_of_any_usual_encoding_with_padded_rows(encoding, pixel, seen) -> None:
    row = bytes(pixel) * 2 + b'\xff' * 3
    assert rgb_of(encoding, 2, 2, len(row), row * 2).tolist() == [[list(seen)] * 2] * 2


@pytest.mark.parametrize('bigendian', [False, True])
@pytest.mark.parametrize(('encoding', 'pixel', 'seen'), [
    ('mono16', (0,), (0, 0, 0)), ('mono16', (65535,), (255, 255, 255)),
    # 1000 mm x 255 / 65535 = 3.9
    ('16UC1', (1000,), (4, 4, 4)),
    ('rgb16', (65535, 257 * GREEN, 0), (255, GREEN, 0)),
    ('bgra16', (257 * BLUE, 257 * GREEN, 257 * RED, 9), (RED, GREEN, BLUE))])
def test_sixteen_bits_are_scaled_to_eight(encoding, pixel, seen, bigendian) -> None:
    row = np.array(pixel * 2, '>u2' if bigendian else '<u2').tobytes() + b'\xff' * 2
    assert rgb_of(encoding, 2, 2, len(row), row * 2, bigendian).tolist() == [[list(seen)] * 2] * 2


def limited_range(red: float, green: float, blue: float) -> tuple[int, int, int]:
    """Y, U and V of a colour in [0, 1] by ITU-R BT.601, in 16 to 235 and 16 to 240."""
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return (round(16 + 219 * luma), round(128 + 224 * (blue - luma) / 1.772),
            round(128 + 224 * (red - luma) / 1.402))


@pytest.mark.parametrize('colour', [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0),
                                    (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (0.2, 0.6, 0.4)])
@pytest.mark.parametrize('encoding', ['yuv422', 'uyvy', 'yuv422_yuy2', 'yuyv'])
def test_a_usb_cameras_yuv_is_the_colour_that_it_is(encoding, colour) -> None:
    y, u, v = limited_range(*colour)
    pair = (u, y, v, y) if encoding in ('yuv422', 'uyvy') else (y, u, y, v)
    seen = rgb_of(encoding, 2, 4, 8, bytes(pair * 4))
    np.testing.assert_allclose(seen, np.tile(np.multiply(colour, 255), (2, 4, 1)), atol=3)


@pytest.mark.parametrize('size', [1, 2])
@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
@pytest.mark.parametrize('colour', ['r', 'g', 'b'])
def test_a_mosaic_under_light_of_one_colour_shows_that_colour(pattern, colour, size) -> None:
    top = 200 * (257 if size == 2 else 1)
    tile = np.array([top if letter == colour else 0 for letter in pattern]).reshape(2, 2)
    mosaic = np.tile(tile, (4, 4)).astype('<u2' if size == 2 else np.uint8)
    seen = rgb_of(f'bayer_{pattern}{8 * size}', 8, 8, 8 * size, mosaic.tobytes())
    expected = [200 if letter == colour else 0 for letter in 'rgb']
    assert seen[2:-2, 2:-2].reshape(-1, 3).tolist() == [expected] * 16


@pytest.mark.parametrize('change', [
    {'encoding': '32FC1'}, {'height': 3}, {'width': 3}, {'step': 5}, {'height': 0},
    {'encoding': 'yuyv', 'width': 1}, {'encoding': 'bayer_rggb8', 'height': 1},
    {'encoding': 'mono16', 'step': 3, 'width': 2}])
def test_images_that_do_not_hold_what_they_say_are_refused(change) -> None:
    values = {'height': 2, 'width': 2, 'step': 6, 'encoding': 'rgb8', 'data': bytes(12), **change}
    with pytest.raises(SpecError, match='camera image'):
        rgb_of(**values)


def test_a_refusal_lists_what_is_taken() -> None:
    with pytest.raises(SpecError) as caught:
        rgb_of('nv21', 2, 2, 2, bytes(6))
    assert all(encoding in str(caught.value) for encoding in ENCODINGS)
