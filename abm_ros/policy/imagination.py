"""
Rollouts of many plans in System A's model, for System B's planner.

Shape letters: N plans, H planning horizon, Z latent, A action, G goal, K ensemble members.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from abm_ros.policy import outcome_model
from abm_ros.policy.actor import features, least_value, policy, tolerances
from abm_ros.world_model.contract import WorldModel


def rollout(world: WorldModel, params: Mapping[str, Tensor], goal_deadband: float,
            told: bool = False, *, latent: Tensor, actions: Tensor, goal: Tensor, offset: Tensor
            ) -> dict[str, Tensor]:
    """
    Roll plans out over A's ensemble, each member on a trajectory of its own.

    :param params: of the actor and its critics.
    :param goal_deadband: distance, in tolerances, that costs nothing.
    :param told: the goal has no place, see `ObservationSpec`: values do not depend on it.
    :param latent: (N, Z), where each plan begins.
    :param actions: (N, H, A) in [-1, 1].
    :param goal: (N, G), in its own units.
    :param offset: (H, 1, Z), added to every member's prediction of a step.
    :return: (N,) each; distances are in tolerances and averaged over members. Sums over the
        horizon: distance, max(|achieved - goal| - goal_deadband, 0); disagreement; displacement,
        min(|achieved - achieved now|, 1); proximity of the members' mean. Of the end alone:
        terminal_distance, that of the members' mean from the goal; value, in [-1, 0], the least
        of the critics' values for following the policy from that mean, times the last excess (at
        most 1), so 0 if the goal is reached there. Only where the task told what success is,
        told_cost: -log of the probability of it, a sum over the horizon.
    """
    members, tolerance = world.members, world.spec.goal_tolerance
    member, way = latent.expand(members, -1, -1), []
    for action, error in zip(actions.unbind(1), offset.unbind(0), strict=True):
        member = world.predict(member, action) + error
        way.append(member)
    horizon = len(way)
    # All steps are read out at once: many small operators cost more than one.
    latents = torch.cat(way, dim=1)                                         # (K, H N, Z)
    achieved = world.achieved(latents.flatten(0, 1)).unflatten(0, (members * horizon, -1))
    excess = (tolerances(achieved - goal, tolerance) - goal_deadband).clamp_min(0.0)
    moved = tolerances(achieved - world.achieved(latent), tolerance).clamp_max(1.0)
    last = excess.unflatten(0, (members, horizon))[:, -1]                   # (K, N)
    end = member.mean(0)
    seen = features(world, end, None if told else goal)
    value = least_value(params, seen, policy(params, seen))
    disagreement, near = world.disagreement(latents), world.proximity(latents.mean(0))
    return {'terminal_distance': tolerances(world.achieved(end) - goal, tolerance),
            'proximity': near.unflatten(0, (horizon, -1)).sum(0),
            'distance': excess.sum(0) / members,                            # of (K H, N)
            'disagreement': disagreement.unflatten(0, (horizon, -1)).sum(0),
            'displacement': moved.sum(0) / members,
            'value': value if told else value * last.clamp_max(1.0).mean(0),
            **(_foretold(world, params, latents, excess) if told else {})}


def _foretold(world: WorldModel, params: Mapping[str, Tensor], latents: Tensor, excess: Tensor
              ) -> dict[str, Tensor]:
    """Return told_cost (N,) of latents (K, H N, Z), in the shape of `excess` (K H, N)."""
    if not outcome_model.knows(params):
        return {}
    cost = outcome_model.cost(params, world, latents.flatten(0, 1))
    return {'told_cost': cost.reshape(excess.shape).sum(0) / world.members}


def propose(world: WorldModel, params: Mapping[str, Tensor], told: bool = False, *,
            latent: Tensor, goal: Tensor, noise: Tensor) -> dict[str, Tensor]:
    """
    Return plans that the policy would follow, as proposals for the planner.

    :param latent: (N, Z).
    :param goal: (N, G).
    :param noise: (N, H, A), added to its actions.
    :return: actions (N, H, A) in [-1, 1].
    """
    plan: list[Tensor] = []
    for added in noise.unbind(1):
        if plan:
            latent = world.predict(latent.expand(world.members, -1, -1), plan[-1]).mean(0)
        seen = features(world, latent, None if told else goal)
        plan.append((policy(params, seen) + added).clamp(-1.0, 1.0))
    return {'actions': torch.stack(plan, dim=1)}
