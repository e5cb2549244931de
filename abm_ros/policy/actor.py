"""
System B: a goal-conditioned actor and an ensemble of critics on System A's latents.

The critics learn by temporal differences on replayed transitions with hindsight goals and a
sparse reward; the actor learns in short rollouts imagined with A's ensemble, with gradients
through the model and the critics' value at the end.
Sources: Heess et al. 2015 (SVG), Feinberg et al. 2018 (MVE), Andrychowicz et al. 2017 (HER).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from abm_ros.common import nets
from abm_ros.common.nets import Params
from abm_ros.common.seeds import derive_seed
from abm_ros.common.spec import ObservationSpec, check_array
from abm_ros.common.transition import Batch
from abm_ros.policy.config import ActorConfig
from abm_ros.world_model.latent_model import World, encode, goal_estimate, predict
from abm_ros.world_model.world_model import Metrics, tensors

MAX_NORM = 1.0   # of a gradient


@dataclass
class ActorState:
    """Everything that learning changes; the functions of this module advance it in place."""

    config: ActorConfig
    spec: ObservationSpec
    params: Params
    target: Params                     # moving average of the critics
    actor_optimiser: torch.optim.Optimizer
    critic_optimiser: torch.optim.Optimizer
    rng: torch.Generator
    lineage: str
    version: int
    world: str                         # lineage of System A whose latents these weights read
    skipped: int = 0                   # updates refused because their gradient was not finite


def create(config: ActorConfig, world: World, seed: int) -> ActorState:
    """
    Begin a new lineage of System B for one lineage of System A.

    :param seed: decides initial weights, lineage id and imagined trajectories.
    """
    rng = torch.Generator().manual_seed(derive_seed(seed, 'actor/weights'))
    spec, latent = world.spec, world.config.latent
    hidden = (config.hidden,) * config.layers
    state = latent + 2 * spec.goal_size
    params = {**nets.init_net(rng, 'actor', (state, *hidden, spec.action_size)),
              **nets.init_net(rng, 'critic', (state + spec.action_size, *hidden, 1),
                              config.critics)}
    lineage = f'{derive_seed(seed, "actor/lineage"):016x}'
    return assemble(config, spec, params, None, (lineage, 0, world.lineage),
                    derive_seed(seed, 'actor/imagination'))


def assemble(config: ActorConfig, spec: ObservationSpec, params: Params, target: Params | None,
             identity: tuple[str, int, str], seed: int) -> ActorState:
    """
    Put a state together around parameters.

    :param target: the critics' moving average, None to begin it at the critics.
    :param identity: lineage, version, lineage of System A.
    """
    for tensor in params.values():
        tensor.requires_grad_()
    optimisers = [torch.optim.Adam([p for n, p in params.items() if n.startswith(part)],
                                   lr=config.learning_rate, fused=True)
                  for part in ('actor.', 'critic.')]
    if target is None:
        target = {n: p.detach().clone() for n, p in params.items() if n.startswith('critic.')}
    lineage, version, world = identity
    return ActorState(config, spec, params, target, optimisers[0], optimisers[1],
                      torch.Generator().manual_seed(seed), lineage, version, world)


def features(world: World, latent: Tensor, goal: Tensor) -> Tensor:
    """
    Return what actor and critics see: latent, goal and the way still to go.

    :param latent: (B, Z).
    :param goal: (B, G) in its own units.
    :return: (B, Z + 2 G), the goal parts normalised like the observation.
    """
    part = world.spec.goal_slice
    mean, scale = world.params['moments.mean'][part], world.params['moments.scale'][part]
    gap = (goal - goal_estimate(world.params, world.spec, latent)) / scale
    return torch.cat([latent, (goal - mean) / scale, gap], dim=-1)


def policy(params: Mapping[str, Tensor], seen: Tensor) -> Tensor:
    """Return the habitual action (B, A) in [-1, 1] for features (B, F)."""
    return torch.tanh(nets.apply_net(params, 'actor', seen))


def values(params: Mapping[str, Tensor], seen: Tensor, action: Tensor) -> Tensor:
    """Return each critic's value (C, B) in about [-1, 0] of features (B, F) and actions."""
    inputs = torch.cat([seen, action], dim=-1)
    critics = params['critic.skip'].shape[0]
    return nets.apply_net(params, 'critic', inputs.expand(critics, -1, -1)).squeeze(-1)


def value_step(state: ActorState, world: World, batch: Batch) -> Metrics:
    """
    Learn values alone from replay, as in rest.

    :param world: System A's model, of the lineage that the state was made for.
    """
    observation, action, mask = tensors(batch, state.spec, 1)
    goal = _goals(state.spec, batch)
    with torch.no_grad():
        latent = encode(world.params, world.spec, observation.flatten(0, 1))
        pairs = latent.view(*observation.shape[:2], -1)
        seen = features(world, pairs[:, 0], goal)
        target = _value_target(state, world, pairs[:, 1], observation[:, 1], goal)
    guess = values(state.params, seen, action[:, 0])
    loss = ((guess - target).square() * mask[:, 0]).sum() / mask.sum().clamp_min(1)
    if not nets.descend(loss, state.critic_optimiser, MAX_NORM):
        state.skipped += 1
    with torch.no_grad():
        for name, average in state.target.items():
            average.lerp_(state.params[name], state.config.target_rate)
    state.version += 1
    return {'critic_loss': float(loss.detach()), 'value': float(target.mean())}


def _value_target(state: ActorState, world: World, latent: Tensor, observation: Tensor,
                  goal: Tensor) -> Tensor:
    """Return (B,): 0 once the goal is reached, else -(1 - discount) per step to it."""
    cfg, spec = state.config, state.spec
    distance = torch.linalg.vector_norm(observation[:, spec.goal_slice] - goal, dim=-1)
    unreached = (distance > spec.goal_tolerance).float()
    seen = features(world, latent, goal)
    after = values(state.target, seen, policy(state.params, seen)).amin(0).clamp(-1.0, 0.0)
    return torch.mul(unreached, cfg.discount * after - (1 - cfg.discount))


def train_step(state: ActorState, world: World, batch: Batch) -> Metrics:
    """
    Take one step of the critics on replay and one of the actor in imagination.

    :raises SpecError: the batch does not fit the spec or is not finite.
    """
    metrics = value_step(state, world, batch)
    observation, _, _ = tensors(batch, state.spec, 1)
    latent = encode(world.params, world.spec, observation[:, 0]).detach()
    loss = _imagine(state, world, latent, _goals(state.spec, batch))
    if not nets.descend(loss, state.actor_optimiser, MAX_NORM):
        state.skipped += 1
    return {**metrics, 'actor_loss': float(loss.detach())}


def _imagine(state: ActorState, world: World, latent: Tensor, goal: Tensor) -> Tensor:
    """Return the loss of following the policy from latents (B, Z) in one member's world."""
    cfg, spec = state.config, state.spec
    pick = torch.randint(world.config.members, (1,), generator=state.rng)
    params = {n: p[pick] if n.startswith('predictor.') else p for n, p in world.params.items()}
    # A step's readout is the next one's feature: it is what a rollout mostly costs.
    seen, gaps = features(world, latent, goal), []
    for _ in range(cfg.imagined_steps):
        latent = predict(params, latent.unsqueeze(0), policy(state.params, seen))[0]
        seen = features(world, latent, goal)
        gaps.append(seen[:, -spec.goal_size:])
    frozen = {n: p.detach() for n, p in state.params.items() if n.startswith('critic.')}
    end = values(frozen, seen, policy(state.params, seen)).amin(0).mean()
    if not gaps:
        return -cfg.value_weight * end
    unit = world.params['moments.scale'][spec.goal_slice] / spec.goal_tolerance
    distance = ((torch.stack(gaps) * unit).square().sum(-1) + 1e-6).sqrt()
    excess = (distance - cfg.goal_deadband).clamp_min(0.0).mean(-1)               # (steps,)
    weight = cfg.distance_weight * cfg.discount ** torch.arange(len(gaps))
    return (weight * excess).mean() - cfg.value_weight * end


def _goals(spec: ObservationSpec, batch: Batch) -> Tensor:
    return torch.from_numpy(check_array('goal', batch.goal, (len(batch.mask), spec.goal_size)))
