"""
System B's nets as functions: a goal-conditioned actor and an ensemble of critics on latents.

Only the forward functions; `actor_learner.py` trains them.
Shape letters: B batch, Z latent, G goal, A action, F features, C critics.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from abm_ros.common import nets
from abm_ros.common.nets import Params
from abm_ros.policy.config import ActorConfig
from abm_ros.world_model.contract import WorldModel

# Added to the length of a gap, in tolerances, so that it has a gradient everywhere.
_LEAST = 1e-3


def init_params(config: ActorConfig, world: WorldModel, rng: torch.Generator) -> Params:
    """Draw parameters of an actor whose action is 0 and of critics whose value is 0."""
    hidden = (config.hidden,) * config.layers
    state, action = world.latent_size + 2 * world.spec.goal_size, world.spec.action_size
    return {**nets.init_net(rng, 'actor', (state, *hidden, action)),
            **nets.init_net(rng, 'critic', (state + action, *hidden, 1), config.critics)}


def features(world: WorldModel, latent: Tensor, goal: Tensor | None) -> Tensor:
    """
    Return the inputs of actor and critics: latent, goal, and the gap between them.

    :param latent: (B, Z).
    :param goal: (B, G) in its own units; None for a task whose goal has no place. Then what is
        achieved stands for it, and there is no way to go.
    :return: (B, Z + 2 G), the goal parts normalised like the observation.
    """
    part = world.spec.goal_slice
    mean, scale = world.mean[part], world.scale[part]
    achieved = world.achieved(latent)
    goal = achieved if goal is None else goal
    gap = (goal - achieved) / scale
    return torch.cat([latent, (goal - mean) / scale, gap], dim=-1)


def policy(params: Mapping[str, Tensor], seen: Tensor) -> Tensor:
    """Return the policy's action (B, A) in [-1, 1] for features (B, F)."""
    return torch.tanh(nets.apply_net(params, 'actor', seen))


def values(params: Mapping[str, Tensor], seen: Tensor, action: Tensor) -> Tensor:
    """Return each critic's value (C, B) in about [-1, 0] of features (B, F) and actions."""
    inputs = torch.cat([seen, action], dim=-1)
    critics = params['critic.skip'].shape[0]
    return nets.apply_net(params, 'critic', inputs.expand(critics, -1, -1)).squeeze(-1)


def least_value(params: Mapping[str, Tensor], seen: Tensor, action: Tensor) -> Tensor:
    """Return the least of the critics' values (B,), clipped to possible values."""
    return values(params, seen, action).amin(0).clamp(-1.0, 0.0)


def tolerances(gap: Tensor, tolerance: float) -> Tensor:
    """Return the lengths (...,), in tolerances, of gaps (..., G) in the goal's own units."""
    return (gap.square().sum(-1) + (_LEAST * tolerance) ** 2).sqrt() / tolerance
