"""
Features of an image: how much of each colour or edge there is, and where (decision 0020).

They are one convolution, a threshold, and the zeroth and first moments of each channel over the
picture: a linear relative of the spatial soft-argmax of Finn et al. 2016 ("Deep spatial
autoencoders"). Half of the channels begin as opponent colours (Hering; Derrington, Krauskopf and
Lennie 1984), so that an object of a distinct colour is located before anything is learned. The
others begin at random. Shape letters: B batch, C image channels, K feature channels.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from abm_ros.common.nets import Params

CHANNELS = 16      # K of an image
KERNEL, STRIDE = 4, 2
FEATURES = 3 * CHANNELS
SPAN = 3.0         # places run from -3 to 3: objects scatter by about 1, like normalised numbers
SPECK = 0.3        # amount below which a channel's place is pulled to the middle of the picture
_THRESHOLD = 0.1
# Red, green, blue and their opposites against the mean of the other two; bright and dark.
_OPPONENTS = ((1.0, -0.5, -0.5), (-0.5, 1.0, -0.5), (-0.5, -0.5, 1.0), (0.5, 0.5, -1.0),
              (-1.0, 0.5, 0.5), (0.5, -1.0, 0.5), (1 / 3, 1 / 3, 1 / 3), (-1 / 3, -1 / 3, -1 / 3))
_BRIGHT, _DARK = -0.9, 0.1     # offsets of the last two, for nearly white and nearly black


def init_eye(rng: torch.Generator, name: str, channels: int) -> Params:
    """
    Make the convolution of one image field.

    :param rng: source of the random channels.
    :param name: prefix of the parameters' names.
    :param channels: C; opponent colours need 3.
    """
    weight = torch.randn(CHANNELS, channels, KERNEL, KERNEL, generator=rng)
    # Edges, not brightness: random channels begin with no response to an even picture.
    weight = 0.3 * (weight - weight.mean(dim=(1, 2, 3), keepdim=True))
    bias = torch.full((CHANNELS,), -_THRESHOLD)
    if channels == 3:
        own = torch.tensor(_OPPONENTS)
        weight[:len(own)] = 0.0
        # The middle of the kernel, as wide as the stride: every pixel counts once.
        middle = slice((KERNEL - STRIDE) // 2, (KERNEL + STRIDE) // 2)
        weight[:len(own), :, middle, middle] = own[:, :, None, None] / STRIDE ** 2
        bias[len(own) - 2], bias[len(own) - 1] = _BRIGHT, _DARK
    return {f'{name}.kernel': weight, f'{name}.offset': bias}


def look(params: Mapping[str, Tensor], name: str, image: Tensor) -> Tensor:
    """
    Return how much of each channel there is and where.

    :param image: (B, C, H, W) in [0, 1].
    :return: (B, 3 K): across and down in [-SPAN, SPAN], and the logarithm of the amount.
    """
    # Unpadded: a margin of zeros would be an edge all around.
    found = functional.relu(functional.conv2d(
        image, params[f'{name}.kernel'], params[f'{name}.offset'], stride=STRIDE))
    height, width = found.shape[-2:]
    amount = found.sum(dim=(2, 3)) + SPECK
    across = (found.sum(dim=2) @ torch.linspace(-SPAN, SPAN, width)) / amount
    down = (found.sum(dim=3) @ torch.linspace(-SPAN, SPAN, height)) / amount
    return torch.cat([across, down, amount.log()], dim=1)
