"""
What the task tells of a state, learned from what it told: success, and the reward.

Each is a probability: that of success, and where the reward lies between the worst and the best
that was told. Its logit is the sum of two parts. One falls with the square of the distance of the
achieved goal from a place, which begins where success was told: goal hindsight, which says much
after one success. The other is a net of the latent, kept small, for all else that decides.

Successes are rare: both kinds of outcomes weigh the same, however many there are of each.
Only functions; `outcome_learner.py` trains them.
Shape letters: B batch, Z latent, G goal, O outcomes (success, reward).
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from abm_ros.common import nets
from abm_ros.common.nets import Params
from abm_ros.common.transition import Batch
from abm_ros.world_model.contract import WorldModel

OUTCOMES = 2
NET, _HIDDEN = 'outcome.net', 32
_PLACE, _WIDTH, _BIAS = 'outcome.place', 'outcome.width', 'outcome.bias'
KNOWN = 'outcome.known'     # (O,), 1 for those that were ever told to be good; is not trained
PREFIX = 'outcome.'
_FIRST_WIDTH = 1.0          # of the place, before softplus, in normalised units
_LEAST = 1e-6


def init_params(world: WorldModel, rng: torch.Generator) -> Params:
    """Draw parameters of a model that knows no outcome."""
    size = world.spec.goal_size
    return {**nets.init_net(rng, NET, (world.latent_size, _HIDDEN, OUTCOMES)),
            _PLACE: torch.zeros(OUTCOMES, size),
            _WIDTH: torch.full((OUTCOMES, size), _FIRST_WIDTH),
            _BIAS: torch.zeros(OUTCOMES),
            KNOWN: torch.zeros(OUTCOMES)}


def knows(params: Mapping[str, Tensor]) -> bool:
    """Tell whether any outcome is known, so that `cost` says where to go."""
    return KNOWN in params and bool(params[KNOWN].any())


def place(params: Mapping[str, Tensor], world: WorldModel) -> np.ndarray:
    """Return the place (G,) of success, in the goal's own units."""
    part = world.spec.goal_slice
    return (params[_PLACE][0].detach() * world.scale[part] + world.mean[part]).numpy()


@torch.no_grad()
def forget(params: Params) -> None:
    """Know no success any more."""
    for name in (_BIAS, KNOWN, f'{NET}.out', f'{NET}.skip', f'{NET}.bias'):
        params[name][..., 0] = 0.0
    params[_WIDTH][0] = _FIRST_WIDTH


def logits(params: Mapping[str, Tensor], world: WorldModel, latent: Tensor) -> Tensor:
    """Return the logits (B, O) of the outcomes of latents (B, Z)."""
    away = (_achieved(world, latent).unsqueeze(1) - params[_PLACE]).square()    # (B, O, G)
    far = (functional.softplus(params[_WIDTH]) * away).sum(-1)
    return nets.apply_net(params, NET, latent) + params[_BIAS] - far


def cost(params: Mapping[str, Tensor], world: WorldModel, latent: Tensor) -> Tensor:
    """Return -log of the probabilities (B,) of latents (B, Z); 0 while no outcome is known."""
    return (params[KNOWN] * functional.softplus(0.0 - logits(params, world, latent))).sum(-1)


def loss(params: Params, world: WorldModel, latent: Tensor, batch: Batch, smoothness: float
         ) -> Tensor | None:
    """
    Return the loss of predicting what was told of the states that transitions led to.

    :param params: the place of an outcome that was never known before is set.
    :param latent: (B, Z), of these states.
    :param batch: of transitions, (B, 1).
    :param smoothness: weight of the squares of the net's last weights.
    :return: None as long as no outcome is known.
    """
    target, told = _outcomes(batch)
    _begin(params, world, latent, told * target * (target > 0.5))
    share = told * params[KNOWN]
    if not bool(share.any()):
        return None
    each = functional.binary_cross_entropy_with_logits(
        logits(params, world, latent), target, reduction='none')
    weight = sum(kind * share / (kind * told).sum(0).clamp_min(_LEAST)
                 for kind in (target, 1.0 - target))
    last = params[f'{NET}.out'].square().sum() + params[f'{NET}.skip'].square().sum()
    return 0.5 * (weight * each).sum() + smoothness * last


def _achieved(world: WorldModel, latent: Tensor) -> Tensor:
    """Return what was achieved (B, G), normalised like the observation."""
    part = world.spec.goal_slice
    return (world.achieved(latent) - world.mean[part]) / world.scale[part]


def _outcomes(batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the outcomes in [0, 1] and how much they count, 0 if not told, (B, O) each."""
    mask = torch.from_numpy(batch.mask[:, :1])
    none = torch.full_like(mask, -1.0)
    success = none if batch.success is None else torch.from_numpy(batch.success[:, :1])
    reward = none if batch.reward is None else torch.from_numpy(batch.reward[:, :1])
    reward = torch.where(reward <= 0.0, 1.0 + reward, none)
    both = torch.cat([success, reward], dim=1)
    if batch.weight is not None:
        mask = mask * torch.from_numpy(batch.weight)[:, None]
    return both.clamp_min(0.0), (both >= 0.0) * mask


@torch.no_grad()
def _begin(params: Params, world: WorldModel, latent: Tensor, good: Tensor) -> None:
    """
    Let the place of an outcome begin where it was first told to be good.

    Of several places it is the one that counts most: half-way between two, there is none.

    :param good: (B, O), how good each was, times how much that counts.
    """
    achieved, raw = _achieved(world, latent), world.achieved(latent)
    for outcome in range(OUTCOMES):
        best = int(good[:, outcome].argmax())
        if params[KNOWN][outcome] or not good[best, outcome] > 0.0:
            continue
        away = (raw - raw[best]).norm(dim=-1)
        near = good[:, outcome] * (away <= world.spec.goal_tolerance)
        params[_PLACE][outcome] = near @ achieved / near.sum()
        params[KNOWN][outcome] = 1.0
