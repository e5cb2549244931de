"""
System A: a JEPA-style latent world model that learns from observation.

Encoder with a moving-average target, an ensemble of predictors conditioned on actions and
trained over rollouts, variance and covariance terms against collapse, inverse dynamics, and a
readout to the observation, in which the model's error is measured.
Sources: arXiv:2603.15381 sec. 2.1; Bardes et al. 2022 (VICReg) for the regularisers.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors
from torch import Tensor

from abm_ros.common import nets
from abm_ros.common.config import from_mapping
from abm_ros.common.errors import ConfigError, SnapshotError
from abm_ros.common.nets import Params
from abm_ros.common.seeds import derive_seed
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import ObservationSpec, check_array
from abm_ros.common.transition import Batch
from abm_ros.world_model import distance, latent_model, onnx_graphs, vision
from abm_ros.world_model.feature_replay import FeatureReplay
from abm_ros.world_model.latent_model import (
    World,
    WorldModelConfig,
    disagreement,
    predict,
    readout,
)
from abm_ros.world_model.losses import losses, recollected
from abm_ros.world_model.normaliser import Normaliser

Metrics = dict[str, float]
MAX_NORM = 10.0   # of a gradient; only an outlier in the data comes near it
# What stays as it began, by `learns`.
_GIVEN = ('moments.', 'near.', 'apart.')
_FIXED = {'all': _GIVEN, 'dynamics': (*_GIVEN, 'encoder.', 'readout.'),
          'nothing': (*_GIVEN, 'encoder.', 'readout.')}
# A latent dimension's step, and a number's, are at least these shares of the mean one.
STEP_FLOOR, CHANGE_FLOOR = 0.1, 0.05
# Features of images begin at mean 0 and scale 1, as if so many batches had shown it: a goal that
# stands still for an episode is not blown up. Nor is what hardly varies.
LOOKS, LOOK_FLOOR = 1000, 0.1
CHAIN_RATE = 10.0    # of learning, relative to that of nets


@dataclass
class WorldState:
    """Everything that learning changes; the functions of this module advance it in place."""

    config: WorldModelConfig
    spec: ObservationSpec
    params: Params
    target: Params                   # moving average of the encoder
    optimiser: torch.optim.Optimizer
    moments: Normaliser
    lineage: str
    version: int
    feature_replay: FeatureReplay | None    # where a distance is read out of pictures
    skipped: int = 0                 # updates whose gradient was not finite

    def world(self) -> World:
        """Return a frozen copy of the model for imagination and snapshots."""
        params = {name: p.detach().clone() for name, p in self.params.items()}
        return World(self.config, self.spec, params, self.lineage, self.version)


def create(config: WorldModelConfig, spec: ObservationSpec, seed: int) -> WorldState:
    """
    Begin a new lineage of System A.

    :param seed: decides initial weights and lineage id.
    """
    return _begin(fitted(config, spec), spec, seed)


def fitted(config: WorldModelConfig, spec: ObservationSpec) -> WorldModelConfig:
    """Return the settings with a latent that has room for the observation's images."""
    return replace(config, latent=config.latent + config.image_latent * len(spec.images))


def _begin(config: WorldModelConfig, spec: ObservationSpec, seed: int) -> WorldState:
    rng = torch.Generator().manual_seed(derive_seed(seed, 'world_model/weights'))
    params = latent_model.init_params(config, spec, rng)
    params['moments.mean'] = torch.zeros(spec.numbers)
    params['moments.scale'] = torch.ones(spec.numbers)
    if spec.images:
        params['moments.look_mean'] = torch.zeros(vision.FEATURES * len(spec.images))
        params['moments.look_scale'] = torch.ones(vision.FEATURES * len(spec.images))
    params['moments.step'] = torch.ones(config.latent)
    params['moments.change'] = torch.ones(spec.numbers)
    lineage = f'{derive_seed(seed, "world_model/lineage"):016x}'
    moments = Normaliser.create(spec.numbers, config.scale_floor)
    return _assemble(config, spec, params, moments, lineage, 0)


def _assemble(config: WorldModelConfig, spec: ObservationSpec, params: Params,
              moments: Normaliser, lineage: str, version: int,
              target: Params | None = None) -> WorldState:
    fixed = _FIXED[config.learns]
    leaves = {n: p.requires_grad_() for n, p in params.items() if not n.startswith(fixed)}
    # Lengths and angles of a chain are few and far from where they begin.
    groups = [{'params': [p for n, p in leaves.items() if distance.is_chain(n) == far], 'lr': rate}
              for far, rate in ((False, config.learning_rate),
                                (True, CHAIN_RATE * config.learning_rate))]
    optimiser = torch.optim.AdamW(groups, fused=True, weight_decay=config.weight_decay)
    if target is None:
        target = {n: p.detach().clone() for n, p in params.items() if n.startswith('encoder.')}
    feature_replay = None
    if distance.pictures(params):
        feature_replay = FeatureReplay(params['encoder.skip'].shape[0], spec.numbers,
                                    derive_seed(version, f'recollection/{lineage}'))
    return WorldState(config, spec, params, target, optimiser, moments, lineage, version,
                      feature_replay)


def train_step(state: WorldState, batch: Batch) -> Metrics:
    """
    Take one gradient step.

    :param batch: windows of at least one step; at most `config.horizon` steps are used.
    :return: losses and the model error on this batch before the step.
    :raises SpecError: the batch does not fit the spec or is not finite.
    """
    cfg, spec = state.config, state.spec
    observation, action, mask = tensors(batch, spec, cfg.horizon)
    _update_moments(state, observation)
    features, latent, target = _encode_windows(state, observation)
    _track_steps(state, 'moments.step', target, mask, STEP_FLOOR)
    truth = _truth(state.params, observation)
    _track_steps(state, 'moments.change', truth, mask, CHANGE_FLOOR)
    terms = losses(cfg, state.params, (observation, truth), action, mask, (latent, target))
    if state.feature_replay:
        terms |= _recollected(state.params, state.feature_replay, (features, truth), mask)
    total = torch.stack([weight * terms[name] for name, weight in _weights(cfg)
                         if name in terms]).sum()
    if cfg.learns != 'nothing' and not nets.descend(total, state.optimiser, MAX_NORM):
        state.skipped += 1
    with torch.no_grad():
        for name, average in state.target.items():
            average.lerp_(state.params[name], cfg.target_rate)
    state.version += 1
    return {'loss': float(total.detach()), **{n: float(v.detach()) for n, v in terms.items()}}


def _recollected(params: Params, feature_replay: FeatureReplay, seen: tuple[Tensor, Tensor],
                 mask: Tensor) -> dict[str, Tensor]:
    """Remember both ends of each window and return the terms of those that are recollected."""
    ends = [0, mask.shape[1]]
    feature_replay.take(seen[0][:, ends].detach(), seen[1][:, ends], mask[:, -1])
    features, truth, whole = feature_replay.draw()
    latent = nets.apply_net(params, 'encoder', features.flatten(0, 1))
    return recollected(params, latent.unflatten(0, (-1, 2)), truth, whole)


def tensors(batch: Batch, spec: ObservationSpec, horizon: int) -> tuple[Tensor, Tensor, Tensor]:
    """
    Check a batch and return (B, L + 1, D), (B, L, A) and (B, L) tensors of at most horizon steps.

    :raises SpecError: wrong shapes or non-finite numbers.
    """
    size, length = batch.mask.shape
    check_array('observation', batch.observation, (size, length + 1, spec.size))
    check_array('action', batch.action, (size, length, spec.action_size))
    steps = min(length, horizon)
    return (torch.from_numpy(np.ascontiguousarray(batch.observation[:, :steps + 1], np.float32)),
            torch.from_numpy(np.ascontiguousarray(batch.action[:, :steps], np.float32)),
            torch.from_numpy(np.ascontiguousarray(batch.mask[:, :steps], np.float32)))


def _weights(cfg: WorldModelConfig) -> Iterable[tuple[str, float]]:
    return (('prediction', 1.0), ('variance', cfg.variance_weight),
            ('covariance', cfg.covariance_weight), ('inverse', cfg.inverse_weight),
            ('readout', cfg.readout_weight), ('grounding', cfg.grounding_weight),
            ('distance', cfg.distance_weight), ('slowness', cfg.slowness_weight))


@torch.no_grad()
def _update_moments(state: WorldState, observation: Tensor) -> None:
    params, slowest = state.params, state.config.moment_rate
    seen = observation[:, :2].flatten(0, 1)
    state.moments = state.moments.update(seen[:, :state.spec.numbers], slowest)
    params['moments.mean'].copy_(state.moments.mean)
    params['moments.scale'].copy_(state.moments.scale)
    if state.spec.images:
        mean, scale = params['moments.look_mean'], params['moments.look_scale']
        looks = Normaliser(mean, scale.square(), LOOKS, LOOK_FLOOR).update(
            latent_model.look(params, state.spec, seen), slowest)
        mean.copy_(looks.mean)
        scale.copy_(looks.scale)


def _truth(params: Params, observation: Tensor) -> Tensor:
    """Return the normalised plain numbers (B, L + 1, V) of observations (B, L + 1, D)."""
    return latent_model.normalised(params, observation.flatten(0, 1)).unflatten(
        0, observation.shape[:2])


def _encode_windows(state: WorldState, observation: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return what the encoder's net sees, its latents (B, L + 1, Z), and their targets."""
    shape, flat = observation.shape[:2], observation.flatten(0, 1)
    seen = latent_model.perceived(state.params, state.spec, flat)
    latent = nets.apply_net(state.params, 'encoder', seen)
    with torch.no_grad():
        target = latent_model.encode({**state.params, **state.target}, state.spec, flat)
    return seen.unflatten(0, shape), latent.unflatten(0, shape), target.unflatten(0, shape)


@torch.no_grad()
def _track_steps(state: WorldState, name: str, moving: Tensor, mask: Tensor,
                 floor: float) -> None:
    """
    Track how far each number of (B, L + 1, n) moves in a step, the unit in which errors count.

    What the goal is about may move in few steps only; in units of its spread it would not count.

    :param floor: least share of the mean step that a number's own is taken to be.
    """
    change = (moving[:, 1:] - moving[:, :-1]).square() * mask.unsqueeze(-1)
    power = change.sum(dim=(0, 1)) / mask.sum().clamp_min(1)
    rate = max(1.0 / (state.version + 1), state.config.moment_rate)
    step = state.params[name]
    mixed = step.square().lerp(power, rate)
    step.copy_(mixed.clamp_min(floor ** 2 * mixed.mean()).clamp_min(1e-12).sqrt())


@torch.no_grad()
def evaluate(state: WorldState, batch: Batch) -> Metrics:
    """
    Measure the model on held-out or replayed windows.

    :return: model_error (one step, against persistence = 1, in observation space),
        rollout_error (the same over the whole window), uncertainty, effective_rank of the
        latents (a collapse shows as a value near 1), observation_rank for comparison.
    """
    cfg, params = state.config, state.params
    observation, action, mask = tensors(batch, state.spec, batch.mask.shape[1])
    truth = _truth(params, observation)
    member = latent_model.encode(params, state.spec, observation[:, 0]).expand(cfg.members, -1, -1)
    latents, sums, spread = member[0], [], torch.zeros(())
    for t in range(mask.shape[1]):
        member = predict(params, member, action[:, t])
        if t == 0:
            doubt = disagreement(params, member) * mask[:, 0]
            spread = doubt.sum() / mask[:, 0].sum().clamp_min(1)
        gap = (readout(params, member.mean(0)) - truth[:, t + 1]).square().sum(-1)
        change = (truth[:, 0] - truth[:, t + 1]).square().sum(-1)
        sums.append((float((gap * mask[:, t]).sum()), float((change * mask[:, t]).sum())))
    return {'model_error': sums[0][0] / max(sums[0][1], 1e-12),
            'rollout_error': sum(s[0] for s in sums) / max(sum(s[1] for s in sums), 1e-12),
            'uncertainty': float(spread), 'effective_rank': effective_rank(latents),
            'observation_rank': effective_rank(truth[:, 0])}


def effective_rank(vectors: Tensor) -> float:
    """
    Return exp(entropy) of the normalised spectrum of the covariance of vectors (B, Z).

    Source: Roy & Vetterli 2007, on singular values of the centred data.
    """
    values = torch.linalg.svdvals((vectors - vectors.mean(0)).double())
    share = values / values.sum().clamp_min(1e-12)
    return float(torch.exp(-(share * share.clamp_min(1e-12).log()).sum()))


def snapshot(state: WorldState) -> Snapshot:
    """Return what System A acts with and what this learner or System B's can go on from."""
    arrays = nets.to_arrays(state.params)
    arrays |= {f'target.{n}': a for n, a in nets.to_arrays(state.target).items()}
    arrays['moments.variance'] = state.moments.variance.numpy().copy()
    return Snapshot('system_a', state.version, state.lineage, state.spec, asdict(state.config),
                    {'moment_batches': state.moments.batches},
                    {'weights': save_safetensors(arrays), 'encode':
                     onnx_graphs.encode_graph(arrays, state.spec), 'perceive':
                     onnx_graphs.perceive_graph(arrays, state.spec), 'predict':
                     onnx_graphs.predict_graph(arrays)})


def restore(source: Snapshot, spec: ObservationSpec) -> WorldState:
    """
    Go on learning from a snapshot; Adam's moments and what is recollected start anew.

    :raises SnapshotError: of another kind, another spec, or weights that do not fit.
    """
    config, arrays = _read(source, spec)
    params = nets.from_arrays({n: a for n, a in arrays.items() if not n.startswith('target.')})
    target = nets.from_arrays({n.removeprefix('target.'): a for n, a in arrays.items()
                               if n.startswith('target.')})
    variance = params.pop('moments.variance')
    moments = Normaliser(params['moments.mean'].clone(), variance,
                         int(source.meta['moment_batches']), config.scale_floor)
    return _assemble(config, spec, params, moments, source.lineage, source.version, target)


def view(source: Snapshot, spec: ObservationSpec) -> World:
    """
    Return the frozen model of a snapshot, for System B's imagination.

    :raises SnapshotError: as `restore`.
    """
    config, arrays = _read(source, spec)
    params = nets.from_arrays({n: a for n, a in arrays.items() if not n.startswith('target.')})
    return World(config, spec, params, source.lineage, source.version)


def _read(source: Snapshot, spec: ObservationSpec) -> tuple[WorldModelConfig,
                                                            dict[str, np.ndarray]]:
    if source.kind != 'system_a':
        raise SnapshotError(f"expected a snapshot of system_a, got '{source.kind}'")
    if source.spec != spec:
        raise SnapshotError('snapshot was learned on another body or task: its observation spec '
                            'differs; start with an empty models folder')
    try:
        config = from_mapping(WorldModelConfig, source.config)
        arrays = load_safetensors(source.blob('weights'))
        int(source.meta['moment_batches'])
    except (ConfigError, KeyError, ValueError, TypeError) as error:
        raise SnapshotError(f'system_a snapshot cannot be used: {error}') from error
    except Exception as error:  # safetensors raises a type of its own without a common base
        raise SnapshotError(f'system_a weights cannot be read: {error}') from error
    expected = {n: tuple(p.shape) for n, p in _begin(config, spec, 0).params.items()}
    expected |= {f'target.{n}': s for n, s in expected.items() if n.startswith('encoder.')}
    expected['moments.variance'] = (spec.numbers,)
    got = {n: tuple(a.shape) for n, a in arrays.items()}
    if got != expected:
        wrong = sorted(n for n in {*got, *expected} if got.get(n) != expected.get(n))
        raise SnapshotError(f'system_a weights do not fit their config: {", ".join(wrong[:5])}')
    if not all(np.isfinite(a).all() for a in arrays.values()):
        raise SnapshotError('system_a weights are not finite')
    return config, {n: np.asarray(a, np.float32) for n, a in arrays.items()}
