"""
Proximity: input of System A's predictors beside the latent (decision 0023).

Contact matters within centimetres, anywhere in the workspace. A net of positions must learn it at
every place anew. A net of differences within a neighbourhood learns it from a few dozen contacts.
Each block of G consecutive plain numbers of a field is compared with the achieved goal (G,), by
Gaussian units of width 1 tolerance (Moody and Darken 1989), alone and times the difference. Their
weights begin at zero, so blocks that are not places have no effect until they help.
The prior is that of interaction networks (Battaglia et al. 2016): relations decide dynamics.
Shape letters: V plain numbers, Z latent, G goal, O blocks.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from abm_ros.common.nets import Params
from abm_ros.common.spec import ObservationSpec

MOST = 64        # blocks; an observation with more uses its first ones


def blocks(spec: ObservationSpec) -> list[int]:
    """Return where each block begins; empty if the goal is hidden."""
    if spec.goal_hidden:
        return []
    size, starts, at = spec.goal_size, list[int](), 0
    for field in spec.fields:
        if field.name != spec.goal_field and not field.is_image and not field.hidden:
            starts += range(at, at + field.size - size + 1)
        at += field.size
    return starts[:MOST]


def features(spec: ObservationSpec) -> int:
    """Return the number of outputs of `near`."""
    return len(blocks(spec)) * (1 + spec.goal_size)


def init(spec: ObservationSpec, basis: Tensor) -> Params:
    """
    Make the constants of `near`: `near.blocks` (V, G, O) gives differences in tolerances.

    Blocks are the last dimension, since operations along three numbers are slow.

    :param basis: (Z, V), the plain numbers in a new latent.
    """
    starts, size = blocks(spec), spec.goal_size
    if not starts:
        return {}
    pairs = torch.zeros(spec.numbers, size, len(starts))
    for block, start in enumerate(starts):
        for i in range(size):
            pairs[start + i, i, block] += 1.0 / spec.goal_tolerance
            pairs[spec.goal_slice.start + i, i, block] -= 1.0 / spec.goal_tolerance
    return {'near.blocks': pairs, 'near.basis': basis.clone()}


def applies(params: Mapping[str, Tensor]) -> bool:
    """Tell whether the model has blocks."""
    return 'near.blocks' in params


def prepare(params: Mapping[str, Tensor]) -> Params:
    """Return what `near` needs: the differences as an affine function of the latent."""
    if not applies(params):
        return {}
    pairs, scale = params['near.blocks'], params['moments.scale']
    return {'near.places': params['near.basis'] @ (scale[:, None] * pairs.flatten(1)),
            'near.offset': params['moments.mean'] @ pairs.flatten(1)}     # (Z, G * O), (G * O,)


def near(ready: Mapping[str, Tensor], latent: Tensor) -> Tensor:
    """
    Return how near each block is, and where.

    :param ready: the parameters and the result of `prepare`.
    :param latent: (..., Z).
    :return: (..., (1 + G) * O): exp(-d^2 / 2), and times d, of the differences d in tolerances.
    """
    apart = (latent @ ready['near.places'] + ready['near.offset']).unflatten(
        -1, ready['near.blocks'].shape[1:])
    close = torch.exp(-0.5 * apart.square().sum(-2, keepdim=True))
    return torch.cat([close, close * apart], dim=-2).flatten(-2)


def prepare_foremost(ready: Mapping[str, Tensor]) -> Params:
    """Return what `foremost` needs: the differences of the block with the largest weights."""
    if not applies(ready):
        return {}
    shape = ready['near.blocks'].shape
    block = heeded(ready['predictor.w0'][:, -(1 + shape[1]) * shape[2]:], shape[2])
    return {f'foremost.{name}': ready[f'near.{name}'].unflatten(-1, shape[1:])[..., block]
            for name in ('places', 'offset')}


def heeded(weights: Tensor, count: int) -> int:
    """
    Return the block with the largest weights: what acts on the goal's object.

    :param weights: (K, (1 + G) * O, hidden), of the outputs of `near`.
    :param count: O.
    """
    heed = weights.square().sum((0, 2)).reshape(-1, count).sum(0)
    return int(heed.argmax())


def foremost(ready: Mapping[str, Tensor], latent: Tensor, sharpness: float) -> Tensor:
    """
    Return how near the foremost block is: (B,) in [0, 1] of latents (B, Z).

    exp(-sharpness * d^2) of the distance d in tolerances; 1 where there is no block.
    """
    if not applies(ready):
        return torch.exp(0.0 * latent.square().sum(-1))
    apart = torch.addmm(ready['foremost.offset'], latent, ready['foremost.places'])
    return torch.exp(-sharpness * apart.square().sum(-1))
