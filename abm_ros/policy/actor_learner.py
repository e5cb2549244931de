"""
System B's learner: an actor and an ensemble of critics on System A's latents.

The critics learn by temporal differences on replayed transitions, with hindsight goals and a
sparse reward, or with what the task told. The actor learns in short rollouts imagined with A's
ensemble, with gradients through the model, and the critics' value at the end.
Sources: Heess et al. 2015 (SVG), Feinberg et al. 2018 (MVE), Andrychowicz et al. 2017 (HER).
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from abm_ros.common import nets, weights
from abm_ros.common.nets import Params
from abm_ros.common.seeds import derive_seed
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import ObservationSpec, check_array
from abm_ros.common.transition import Batch
from abm_ros.policy import export, outcome_model, snapshots
from abm_ros.policy.actor import (
    features,
    init_params,
    least_value,
    policy,
    tolerances,
    values,
)
from abm_ros.policy.config import ActorConfig
from abm_ros.policy.outcome_learner import OutcomeLearner
from abm_ros.world_model.contract import Metrics, WorldModel
from abm_ros.world_model.evaluation import tensors

_TARGET = 'target.'


@dataclass
class ActorLearner:
    """See `contract.PolicyLearner`; `learn` changes the state in place."""

    config: ActorConfig
    params: Params
    target: Params                     # moving average of the critics
    lineage: str
    version: int
    world_lineage: str
    seed: int                          # of imagined rollouts
    outcome: Params = field(default_factory=dict)  # of `outcome_model`, to continue from
    skipped: int = field(default=0, init=False)    # updates whose gradient was not finite
    told: bool = field(default=False, init=False)  # the goal has no place; as of the last batch

    def __post_init__(self) -> None:
        for tensor in self.params.values():
            tensor.requires_grad_()
        self.actor_optimiser, self.critic_optimiser = (
            torch.optim.Adam([p for n, p in self.params.items() if n.startswith(part)],
                             lr=self.config.learning_rate, fused=True)
            for part in ('actor.', 'critic.'))
        self._rng = torch.Generator().manual_seed(self.seed)
        self.outcomes = OutcomeLearner(self.config, self.seed, self.outcome)
        self.told = bool(self.outcome)

    @classmethod
    def create(cls, config: ActorConfig, world: WorldModel, seed: int) -> 'ActorLearner':
        rng = torch.Generator().manual_seed(derive_seed(seed, 'actor/weights'))
        params = init_params(config, world, rng)
        target = {n: p.detach().clone() for n, p in params.items() if n.startswith('critic.')}
        return cls(config, params, target, f'{derive_seed(seed, "actor/lineage"):016x}', 0,
                   world.lineage, derive_seed(seed, 'actor/imagination'))

    @classmethod
    def restore(cls, source: Snapshot, world: WorldModel) -> 'ActorLearner':
        """Continue from a snapshot; only Adam's moments start empty."""
        snapshots.check(source, world)
        config = weights.settings_of(source, ActorConfig)
        shapes = {n: tuple(p.shape)
                  for n, p in init_params(config, world, torch.Generator()).items()}
        shapes |= {f'{_TARGET}{n}': s for n, s in shapes.items() if n.startswith('critic.')}
        if weights.holds(source, outcome_model.KNOWN):
            shapes |= {n: tuple(p.shape) for n, p in outcome_model.init_params(
                world, torch.Generator()).items()}
        params = nets.from_arrays(weights.unpack(source, shapes))
        target = {n.removeprefix(_TARGET): params.pop(n) for n in list(params)
                  if n.startswith(_TARGET)}
        outcome = {n: params.pop(n) for n in list(params) if n.startswith(outcome_model.PREFIX)}
        return cls(config, params, target, source.lineage, source.version, world.lineage,
                   derive_seed(source.version, f'{source.lineage}/imagination'), outcome)

    def snapshot(self, world: WorldModel) -> Snapshot:
        params = {name: p.detach() for name, p in self.params.items()}
        params |= self.outcomes.frozen()
        arrays = nets.to_arrays(params)
        arrays |= {f'{_TARGET}{n}': a for n, a in nets.to_arrays(self.target).items()}
        return snapshots.write(self, world, self.config, arrays,
                               export.graphs(world, params, self.config, self.told),
                               self.config.plan_horizon)

    def learn(self, world: WorldModel, batch: Batch, plasticity: float = 1.0) -> Metrics:
        """Take one step of the critics on replay and one of the actor in imagination."""
        metrics = self.learn_values(world, batch, plasticity)
        observation, _, _ = tensors(batch, world.spec, 1)
        latent = world.encode(observation[:, 0]).detach()
        goal = _goals(world.spec, batch)
        loss = self._imagine(world, latent, goal)
        if batch.shown is not None:
            loss = loss + self._imitate(world, latent, goal, batch)
        if not nets.descend(loss, self.actor_optimiser, self.config.gradient_norm, plasticity):
            self.skipped += 1
        return {**metrics, 'actor_loss': float(loss.detach())}

    def learn_values(self, world: WorldModel, batch: Batch, plasticity: float = 1.0) -> Metrics:
        """Train only the critics on replay, as in rest."""
        cfg = self.config
        self.told = batch.told
        observation, action, mask = tensors(batch, world.spec, 1)
        goal = _goals(world.spec, batch)
        if batch.weight is not None:
            mask = mask * torch.from_numpy(batch.weight)[:, None]
        with torch.no_grad():
            latent = world.encode(observation.flatten(0, 1))
            pairs = latent.view(*observation.shape[:2], -1)
            seen = features(world, pairs[:, 0], self._seen_goal(goal))
            target = self._value_target(world, pairs[:, 1], observation[:, 1], goal, batch)
        guess = values(self.params, seen, action[:, 0])
        loss = ((guess - target).square() * mask[:, 0]).sum() / mask.sum().clamp_min(1)
        if not nets.descend(loss, self.critic_optimiser, cfg.gradient_norm, plasticity):
            self.skipped += 1
        with torch.no_grad():
            for name, average in self.target.items():
                average.lerp_(self.params[name], cfg.target_rate)
        self.version += 1
        metrics = {'critic_loss': float(loss.detach()), 'value': float(target.mean())}
        if self.told:
            metrics |= self.outcomes.learn(world, pairs[:, 1], batch, plasticity)
        return metrics

    def _seen_goal(self, goal: Tensor) -> Tensor | None:
        return None if self.told else goal

    def _value_target(self, world: WorldModel, latent: Tensor, observation: Tensor,
                      goal: Tensor, batch: Batch) -> Tensor:
        """
        Return (B,): 0 once the goal is reached, else -(1 - discount) per step to it.

        Where the task told a success, that counts and no distance; where it told a reward, a step
        costs as much less as that is better than the worst.
        """
        spec, discount = world.spec, self.config.discount
        distance = torch.linalg.vector_norm(observation[:, spec.goal_slice] - goal, dim=-1)
        unreached = (distance > spec.goal_tolerance).float()
        cost = torch.ones_like(unreached)
        if batch.success is not None:
            told = torch.from_numpy(batch.success[:, 0])
            unreached = torch.where(told >= 0, 1 - told, unreached)
        if batch.reward is not None:
            reward = torch.from_numpy(batch.reward[:, 0])
            cost = torch.where(reward <= 0, -reward, cost)
        seen = features(world, latent, self._seen_goal(goal))
        after = least_value(self.target, seen, policy(self.params, seen))
        return torch.mul(unreached, discount * after - (1 - discount) * cost)

    def _imitate(self, world: WorldModel, latent: Tensor, goal: Tensor, batch: Batch) -> Tensor:
        """Return the loss (behaviour cloning) of doing something else than trusted teachers."""
        assert batch.weight is not None
        assert batch.shown is not None
        weight = torch.from_numpy(batch.weight * np.abs(batch.shown) * batch.mask[:, 0])
        done = torch.from_numpy(np.ascontiguousarray(batch.action[:, 0]))
        chosen = policy(self.params, features(world, latent, self._seen_goal(goal)))
        away = (chosen - done).square().mean(-1)
        return self.config.imitation_weight * (weight * away).sum() / len(weight)

    def _imagine(self, world: WorldModel, latent: Tensor, goal: Tensor) -> Tensor:
        """Return the loss of following the policy from latents (B, Z) in one member's world."""
        cfg, size, pursued = self.config, world.spec.goal_size, self._seen_goal(goal)
        outcome = self.outcomes.frozen() if self.told else {}
        member = world.member(int(torch.randint(world.members, (1,), generator=self._rng)))
        # The readout of a step is a feature of the next; it is most of the cost of a rollout.
        seen, gaps, costs = features(member, latent, pursued), [], []
        for _ in range(cfg.imagined_steps):
            latent = member.predict(latent.unsqueeze(0), policy(self.params, seen))[0]
            seen = features(member, latent, pursued)
            gaps.append(seen[:, -size:])
            if outcome:
                costs.append(outcome_model.cost(outcome, member, latent).mean())
        frozen = {n: p.detach() for n, p in self.params.items() if n.startswith('critic.')}
        end = values(frozen, seen, policy(self.params, seen)).amin(0).mean()
        weight = cfg.distance_weight * cfg.discount ** torch.arange(len(gaps))
        if not gaps or (self.told and not costs):
            return -cfg.value_weight * end
        if self.told:
            return (weight * torch.stack(costs)).mean() - cfg.value_weight * end
        way = torch.stack(gaps) * world.scale[world.spec.goal_slice]
        distance = tolerances(way, world.spec.goal_tolerance)
        excess = (distance - cfg.goal_deadband).clamp_min(0.0).mean(-1)               # (steps,)
        return (weight * excess).mean() - cfg.value_weight * end


def _goals(spec: ObservationSpec, batch: Batch) -> Tensor:
    return torch.from_numpy(check_array('goal', batch.goal, (len(batch.mask), spec.goal_size)))
