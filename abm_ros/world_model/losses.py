"""The loss terms of System A's learner; `ensemble_learner.py` weights them."""

import torch
from torch import Tensor
from torch.nn import functional

from abm_ros.common import nets
from abm_ros.common.nets import Params
from abm_ros.world_model import distance
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.latent_model import predict, readout


def losses(cfg: WorldModelConfig, ready: Params, seen: tuple[Tensor, Tensor], action: Tensor,
           mask: Tensor, latents: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
    """
    Return every term of the loss.

    :param ready: the result of `latent_model.prepare`.
    :param seen: observations (B, L + 1, D) in their own units, and their plain numbers
        (B, L + 1, V) normalised.
    :param action: (B, L, A).
    :param mask: (B, L), 1 where a transition was lived.
    :param latents: (B, L + 1, Z) of the encoder, with gradient, and of its moving average,
        without.
    """
    (observation, truth), (latent, target) = seen, latents
    weight = member_weights(cfg, observation[..., :truth.shape[-1]], mask)  # (K, B, L)
    weight = weight * cfg.rollout_discount ** torch.arange(mask.shape[1])
    weight = weight / weight.sum().clamp_min(1e-6)
    member, way = latent[:, 0].expand(cfg.members, -1, -1), []
    for t in range(mask.shape[1]):
        member = predict(ready, member, action[:, t])                     # (K, B, Z)
        way.append(member)
    foreseen = torch.stack(way, dim=2)                                     # (K, B, L, Z)
    error = robust((foreseen - target[:, 1:]) / ready['moments.step']).mean(-1)
    grounding = latent.new_zeros(())
    if cfg.grounding_weight and cfg.readout_gradient:
        read = readout(ready, foreseen.flatten(0, 2)).view(*foreseen.shape[:3], -1)
        gap = robust((read - truth[:, 1:]) / ready['moments.change']).mean(-1)
        grounding = (weight * gap).sum()
    source = latent if cfg.readout_gradient else latent.detach()
    read = readout(ready, source.flatten(0, 1))
    return {'prediction': (weight * error).sum(), 'grounding': grounding,
            'readout': robust((read - truth.flatten(0, 1)) / ready['moments.change']).mean(),
            'inverse': inverse_loss(ready, latent, action, mask),
            **regularisers(latent[:, 0])}


def robust(error: Tensor) -> Tensor:
    """Return the pseudo-Huber loss of errors in units of a step: square at first, then linear."""
    return torch.mul((1.0 + error.square()).sqrt() - 1.0, 2.0)


def member_weights(cfg: WorldModelConfig, observation: Tensor, mask: Tensor) -> Tensor:
    """
    Return weights (K, B, L) that leave out different data for each member.

    Whether a member learns from a transition depends only on the bits of the observation, so the
    choice is the same at every replay: it is a bootstrap, not dropout.
    """
    if cfg.members == 1 or cfg.bootstrap >= 1.0:
        return mask.expand(cfg.members, -1, -1)
    bits = observation[:, :-1].contiguous().view(torch.int32).to(torch.int64)
    key = (bits * (2654435761 + 40503 * torch.arange(bits.shape[-1]))).sum(-1)
    salt = torch.arange(1, cfg.members + 1).view(-1, 1, 1) * 0x9E3779B97F4A7C1
    mixed = (key ^ (key >> 31)) * 0x2545F4914F6CDD1D + salt
    mixed = (mixed ^ (mixed >> 29)) * 0x1B873593CC9E2D51
    share = ((mixed >> 24) & 0xFFFF).float() / 65536.0
    return (share < cfg.bootstrap) * mask


def recollected(ready: Params, latent: Tensor, truth: Tensor,
                whole: Tensor) -> dict[str, Tensor]:
    """
    Return the error of distances, and the motion of the pictures' part, in typical steps.

    :param ready: the result of `latent_model.prepare`.
    :param latent: (B, 2, Z), of two frames a few steps apart.
    :param truth: (B, 2, V), their plain numbers normalised.
    :param whole: (B,), 0 if the two are not of one episode.
    """
    place, change = ready['apart.place'] > 0, ready['moments.change']
    gap = (readout(ready, latent.flatten(0, 1)) - truth.flatten(0, 1)) / change
    before, after = (torch.stack(distance.pictured(ready, latent[:, t])) for t in (0, 1))
    unit = (ready['apart.unit'] / (ready['moments.scale'] * change))[place]
    drift = robust(unit * (after - before)).sum((0, -1)) * whole
    return {'distance': robust(gap[:, place]).mean(),
            'slowness': drift.sum() / whole.sum().clamp_min(1)}


def inverse_loss(params: Params, latent: Tensor, action: Tensor, mask: Tensor) -> Tensor:
    """Return the squared error of guessing the action between two latents."""
    pairs = torch.cat([latent[:, :-1], latent[:, 1:]], dim=-1).flatten(0, 1)
    guess = nets.apply_net(params, 'inverse', pairs).view(action.shape)
    return ((guess - action).square().mean(-1) * mask).sum() / mask.sum().clamp_min(1)


def regularisers(latent: Tensor) -> dict[str, Tensor]:
    """
    Return the variance and covariance terms of latents (B, Z).

    Source: Bardes et al. 2022 (VICReg), equations 1 and 3.
    """
    centred = latent - latent.mean(dim=0)
    covariance = centred.T @ centred / max(len(latent) - 1, 1)
    diagonal = torch.diagonal(covariance)
    off = covariance.square().sum() - diagonal.square().sum()
    return {'variance': functional.relu(1.0 - (diagonal + 1e-4).sqrt()).mean(),
            'covariance': off / latent.shape[1]}
