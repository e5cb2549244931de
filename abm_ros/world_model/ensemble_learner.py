"""
System A's learner: a JEPA-style latent world model that learns from observation.

It has an encoder with a moving-average target, an ensemble of action-conditioned predictors that
is trained over rollouts, variance and covariance terms against collapse, inverse dynamics, and a
readout of the observation, in which the model's error is measured.
Sources: arXiv:2603.15381 sec. 2.1; Bardes et al. 2022 (VICReg) for the regularisers.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from abm_ros.common import nets, weights
from abm_ros.common.errors import SnapshotError
from abm_ros.common.nets import Params
from abm_ros.common.seeds import derive_seed
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Batch
from abm_ros.world_model import distance, latent_model, snapshots
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.contract import Metrics
from abm_ros.world_model.ensemble import EnsembleModel
from abm_ros.world_model.evaluation import tensors
from abm_ros.world_model.feature_replay import FeatureReplay
from abm_ros.world_model.losses import losses, recollected
from abm_ros.world_model.normaliser import Normaliser

# Prefixes of parameters that are not trained, by `learns`.
_GIVEN = ('moments.', 'near.', 'apart.')
_FIXED = {'all': _GIVEN, 'dynamics': (*_GIVEN, 'encoder.', 'readout.'),
          'nothing': (*_GIVEN, 'encoder.', 'readout.')}
_TARGET = 'target.'
_VARIANCE = 'moments.variance'
_INFERRED = 0.5      # of `Batch.shown`


@dataclass
class EnsembleLearner:
    """See `contract.WorldModelLearner`; `learn` changes the state in place."""

    config: WorldModelConfig
    spec: ObservationSpec
    params: Params
    target: Params                   # moving average of the encoder
    moments: Normaliser
    lineage: str
    version: int
    skipped: int = field(default=0, init=False)    # updates whose gradient was not finite

    def __post_init__(self) -> None:
        cfg, fixed = self.config, _FIXED[self.config.learns]
        leaves = {n: p.requires_grad_() for n, p in self.params.items() if not n.startswith(fixed)}
        # The lengths and angles of a chain are few, and far from their initial values.
        groups = [{'params': [p for n, p in leaves.items() if distance.is_chain(n) == far],
                   'lr': rate * cfg.learning_rate}
                  for far, rate in ((False, 1.0), (True, cfg.kinematics_rate))]
        self.optimiser = torch.optim.AdamW(groups, fused=True, weight_decay=cfg.weight_decay)
        self.feature_replay: FeatureReplay | None = None
        if distance.pictures(self.params):
            seen, seed = self.params['encoder.skip'].shape[0], f'recollection/{self.lineage}'
            self.feature_replay = FeatureReplay(seen, self.spec.numbers,
                                                derive_seed(self.version, seed))

    @classmethod
    def create(cls, config: WorldModelConfig, spec: ObservationSpec, seed: int
               ) -> 'EnsembleLearner':
        config = fitted(config, spec)
        rng = torch.Generator().manual_seed(derive_seed(seed, 'world_model/weights'))
        params = latent_model.init_params(config, spec, rng)
        target = {n: p.detach().clone() for n, p in params.items() if n.startswith('encoder.')}
        return cls(config, spec, params, target,
                   Normaliser.create(spec.numbers, config.scale_floor),
                   f'{derive_seed(seed, "world_model/lineage"):016x}', 0)

    @classmethod
    def restore(cls, source: Snapshot, spec: ObservationSpec) -> 'EnsembleLearner':
        """Continue from a snapshot; Adam's moments and feature replay start empty."""
        config, params = _read(source, spec)
        target = {n.removeprefix(_TARGET): params.pop(n) for n in list(params)
                  if n.startswith(_TARGET)}
        variance = params.pop(_VARIANCE)
        moments = Normaliser(params['moments.mean'].clone(), variance,
                             int(source.meta['moment_batches']), config.scale_floor)
        return cls(config, spec, params, target, moments, source.lineage, source.version)

    @classmethod
    def view(cls, source: Snapshot, spec: ObservationSpec) -> EnsembleModel:
        config, params = _read(source, spec)
        params = {n: p for n, p in params.items()
                  if not n.startswith(_TARGET) and n != _VARIANCE}
        return EnsembleModel(config, spec, params, source.lineage, source.version)

    def freeze(self) -> EnsembleModel:
        params = {name: p.detach().clone() for name, p in self.params.items()}
        return EnsembleModel(self.config, self.spec, params, self.lineage, self.version)

    def snapshot(self) -> Snapshot:
        arrays = nets.to_arrays(self.params)
        arrays |= {f'{_TARGET}{n}': a for n, a in nets.to_arrays(self.target).items()}
        arrays[_VARIANCE] = self.moments.variance.numpy().copy()
        return snapshots.write(self.freeze(), self.config, arrays,
                               {'moment_batches': self.moments.batches})

    def learn(self, batch: Batch, plasticity: float = 1.0) -> Metrics:
        """Take one gradient step; at most `config.horizon` steps of the windows are used."""
        cfg = self.config
        observation, action, mask = tensors(batch, self.spec, cfg.horizon)
        if batch.weight is not None and batch.shown is not None:
            # What System A inferred itself teaches it nothing of actions.
            counts = np.where(batch.shown == _INFERRED, 0.0, batch.weight).astype(np.float32)
            mask = mask * torch.from_numpy(counts)[:, None]
        self._update_moments(observation)
        features, latent, target = self._encode_windows(observation)
        self._track_steps('moments.step', target, mask, cfg.step_floor)
        truth = self._truth(observation)
        self._track_steps('moments.change', truth, mask, cfg.change_floor)
        ready = latent_model.prepare(self.params, self.spec)
        terms = losses(cfg, ready, (observation, truth), action, mask, (latent, target))
        if self.feature_replay:
            terms |= self._recollected(self.feature_replay, ready, (features, truth), mask)
        total = torch.stack([weight * terms[name] for name, weight in _weights(cfg)
                             if name in terms]).sum()
        if cfg.learns != 'nothing' and not nets.descend(total, self.optimiser, cfg.gradient_norm,
                                                        plasticity):
            self.skipped += 1
        with torch.no_grad():
            for name, average in self.target.items():
                average.lerp_(self.params[name], cfg.target_rate)
        self.version += 1
        return {'loss': float(total.detach()), **{n: float(v.detach()) for n, v in terms.items()}}

    @staticmethod
    def _recollected(replay: FeatureReplay, ready: Params, seen: tuple[Tensor, Tensor],
                     mask: Tensor) -> dict[str, Tensor]:
        """Keep the features of both ends of each window; return the terms of replayed ones."""
        ends = [0, mask.shape[1]]
        replay.take(seen[0][:, ends].detach(), seen[1][:, ends], mask[:, -1])
        features, truth, whole = replay.draw()
        latent = nets.apply_net(ready, 'encoder', features.flatten(0, 1))
        return recollected(ready, latent.unflatten(0, (-1, 2)), truth, whole)

    @torch.no_grad()
    def _update_moments(self, observation: Tensor) -> None:
        params, cfg = self.params, self.config
        seen = observation[:, :2].flatten(0, 1)
        self.moments = self.moments.update(seen[:, :self.spec.numbers], cfg.moment_rate)
        params['moments.mean'].copy_(self.moments.mean)
        params['moments.scale'].copy_(self.moments.scale)
        if self.spec.images:
            mean, scale = params['moments.look_mean'], params['moments.look_scale']
            looks = Normaliser(mean, scale.square(), cfg.look_batches, cfg.look_floor).update(
                latent_model.look(params, self.spec, seen), cfg.moment_rate)
            mean.copy_(looks.mean)
            scale.copy_(looks.scale)

    def _truth(self, observation: Tensor) -> Tensor:
        """Return the normalised plain numbers (B, L + 1, V) of observations (B, L + 1, D)."""
        return latent_model.normalised(self.params, observation.flatten(0, 1)).unflatten(
            0, observation.shape[:2])

    def _encode_windows(self, observation: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return what the encoder's net sees, its latents (B, L + 1, Z), and their targets."""
        shape, flat = observation.shape[:2], observation.flatten(0, 1)
        seen = latent_model.perceived(self.params, self.spec, flat)
        latent = nets.apply_net(self.params, 'encoder', seen)
        with torch.no_grad():
            target = latent_model.encode({**self.params, **self.target}, self.spec, flat)
        return seen.unflatten(0, shape), latent.unflatten(0, shape), target.unflatten(0, shape)

    @torch.no_grad()
    def _track_steps(self, name: str, moving: Tensor, mask: Tensor, floor: float) -> None:
        """
        Track how far each number of (B, L + 1, n) moves in a step, the unit of its errors.

        The object of the goal may move in few steps only. In units of its standard deviation its
        errors would not count.

        :param floor: smallest step of a number, as a share of the mean step.
        """
        change = (moving[:, 1:] - moving[:, :-1]).square() * mask.unsqueeze(-1)
        power = change.sum(dim=(0, 1)) / mask.sum().clamp_min(1)
        rate = max(1.0 / (self.version + 1), self.config.moment_rate)
        step = self.params[name]
        mixed = step.square().lerp(power, rate)
        step.copy_(mixed.clamp_min(floor ** 2 * mixed.mean()).clamp_min(1e-12).sqrt())


def fitted(config: WorldModelConfig, spec: ObservationSpec) -> WorldModelConfig:
    """Return the settings with a latent that has room for the observation's images."""
    return replace(config, latent=config.latent + config.image_latent * len(spec.images))


def _weights(cfg: WorldModelConfig) -> Iterable[tuple[str, float]]:
    return (('prediction', 1.0), ('variance', cfg.variance_weight),
            ('covariance', cfg.covariance_weight), ('inverse', cfg.inverse_weight),
            ('readout', cfg.readout_weight), ('grounding', cfg.grounding_weight),
            ('distance', cfg.distance_weight), ('slowness', cfg.slowness_weight))


def _read(source: Snapshot, spec: ObservationSpec) -> tuple[WorldModelConfig, Params]:
    """Return settings and weights of a snapshot; the target's have the prefix `target.`."""
    snapshots.check(source, spec)
    config = weights.settings_of(source, WorldModelConfig)
    try:
        int(source.meta['moment_batches'])
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotError(f'system_a snapshot cannot be used: {error}') from error
    shapes = {n: tuple(p.shape) for n, p in latent_model.init_params(
        config, spec, torch.Generator()).items()}
    shapes |= {f'{_TARGET}{n}': s for n, s in shapes.items() if n.startswith('encoder.')}
    return config, nets.from_arrays(
        weights.unpack(source, {**shapes, _VARIANCE: (spec.numbers,)}))
