"""The eye: where a coloured thing is, in closed form."""

import math

import torch

from abm_ros.world_model import vision

GREEN = 1
ACROSS, DOWN, AMOUNT = 0, vision.CHANNELS, 2 * vision.CHANNELS


def picture(*squares: tuple[int, int, int]) -> torch.Tensor:
    """Return a grey picture (1, 3, 64, 64) with green squares (left, top, side)."""
    image = torch.full((1, 3, 64, 64), 0.5)
    for left, top, side in squares:
        image[:, :, top:top + side, left:left + side] = torch.tensor(
            [0.0, 1.0, 0.0]).view(1, 3, 1, 1)
    return image


def look(image: torch.Tensor) -> torch.Tensor:
    params = vision.init_eye(torch.Generator().manual_seed(0), 'eye', 3)
    return vision.look(params, 'eye', image)[0]


def test_a_coloured_thing_is_located_before_anything_is_learned() -> None:
    side, left, top = 8, 41, 11
    amount = (side / 2) ** 2 * 0.9                  # 1 - 0 less the threshold of 0.1
    share = amount / (amount + vision.SPECK)
    # 31 places, each the mean of two by two pixels; the first begins at pixel 1.
    centre = [vision.SPAN * (2 * ((start - 1) / 2 + (side / 2 - 1) / 2) / 30 - 1)
              for start in (left, top)]
    seen = look(picture((left, top, side)))
    assert math.isclose(seen[ACROSS + GREEN], centre[0] * share, abs_tol=1e-4)
    assert math.isclose(seen[DOWN + GREEN], centre[1] * share, abs_tol=1e-4)
    assert math.isclose(seen[AMOUNT + GREEN], math.log(amount + vision.SPECK), abs_tol=1e-4)


def test_an_even_picture_is_nothing_anywhere() -> None:
    seen = look(picture())
    assert seen.abs()[ACROSS:AMOUNT].max() < 0.2 * vision.SPAN
    assert math.isclose(seen[AMOUNT + GREEN], math.log(vision.SPECK), abs_tol=1e-4)


def test_any_number_of_channels() -> None:
    for channels in (1, 4):
        params = vision.init_eye(torch.Generator().manual_seed(0), 'eye', channels)
        seen = vision.look(params, 'eye', torch.rand(5, channels, 16, 24))
        assert seen.shape == (5, vision.FEATURES)
        assert torch.isfinite(seen).all()
