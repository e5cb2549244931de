"""
System A's model as functions: encoder, ensemble of predictors, readout, inverse dynamics.

The forward side only; `world_model.py` trains it and System B imagines with it.
Shape letters: B batch, T time, D observation, A action, Z latent, G goal, K ensemble members.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from abm_ros.core import config, nets
from abm_ros.core.config import setting
from abm_ros.core.nets import Params
from abm_ros.core.normaliser import normalise
from abm_ros.core.spec import ObservationSpec


@dataclass(frozen=True)
class WorldModelConfig:
    """Settings of System A's learner."""

    latent: int = setting(32, 'size Z of the latent state', low=2, high=512)
    members: int = setting(4, 'predictors K in the ensemble', low=1, high=16)
    hidden: int = setting(64, 'width of the predictors', low=4, high=1024)
    encoder_hidden: int = setting(32, 'width of the encoder and the readout', low=4, high=1024)
    layers: int = setting(1, 'hidden layers of each net', low=1, high=4)
    batch: int = setting(256, 'windows per update', low=2, high=4096)
    horizon: int = setting(3, 'steps that a training rollout unrolls', low=1, high=32)
    learning_rate: float = setting(2e-3, 'step size of Adam', low=1e-6, high=0.1)
    weight_decay: float = setting(0.0, 'decoupled weight decay', low=0.0, high=1.0)
    target_rate: float = setting(0.02, 'share of the encoder mixed into its moving-average '
                                 'target per update', low=1e-4, high=1.0)
    rollout_discount: float = setting(0.7, 'weight of each rollout step relative to the one '
                                      'before', low=0.0, high=1.0)
    variance_weight: float = setting(0.1, 'weight of the variance term', low=0.0, high=100.0)
    covariance_weight: float = setting(0.01, 'weight of the covariance term', low=0.0, high=100.0)
    inverse_weight: float = setting(0.1, 'weight of inverse dynamics', low=0.0, high=100.0)
    readout_weight: float = setting(1.0, 'weight of reading the observation out of the latent',
                                    low=0.0, high=100.0)
    grounding_weight: float = setting(1.0, 'weight of reading observations out of predicted '
                                      'latents', low=0.0, high=100.0)
    readout_gradient: bool = setting(True, 'whether readouts shape encoder and predictors')
    bootstrap: float = setting(0.8, 'share of the transitions that each member learns from',
                               low=0.1, high=1.0)
    scale_floor: float = setting(1e-3, 'smallest standard deviation of an observation that '
                                 'counts as variation', low=1e-9, high=10.0)
    moment_rate: float = setting(2e-3, 'smallest weight of a batch in the running moments',
                                 low=0.0, high=1.0)

    def __post_init__(self) -> None:
        config.check(self)


@dataclass(frozen=True)
class World:
    """The model that a snapshot of System A carries: parameters and what they are for."""

    config: WorldModelConfig
    spec: ObservationSpec
    params: Params
    lineage: str
    version: int


def init_params(cfg: WorldModelConfig, spec: ObservationSpec, rng: torch.Generator) -> Params:
    """
    Draw parameters that lose nothing and predict no change.

    The encoder begins as a scaled isometry with latents of about unit variance, the readout as
    its inverse, the predictors at zero: the model error begins at that of persistence, 1.
    """
    size, latent, action = spec.size, cfg.latent, spec.action_size
    wide, deep = (cfg.encoder_hidden,) * cfg.layers, (cfg.hidden,) * cfg.layers
    params = {
        **nets.init_net(rng, 'encoder', (size, *wide, latent)),
        **nets.init_net(rng, 'readout', (latent, *wide, size)),
        **nets.init_net(rng, 'inverse', (2 * latent, cfg.hidden, action)),
        **nets.init_net(rng, 'predictor', (latent + action, *deep, latent), cfg.members)}
    basis = nets.isometry(rng, size, latent)
    gain = max(latent / size, 1.0) ** 0.5
    params['encoder.skip'] = basis * gain
    params['readout.skip'] = basis.T.contiguous() / gain
    return params


def encode(params: Mapping[str, Tensor], observation: Tensor) -> Tensor:
    """
    Return the latent of an observation.

    :param observation: (B, D) float32, in its own units.
    :return: (B, Z).
    """
    return nets.apply_net(params, 'encoder', normalised(params, observation))


def normalised(params: Mapping[str, Tensor], observation: Tensor) -> Tensor:
    """Return the normalised observation (B, D)."""
    return normalise(params['moments.mean'], params['moments.scale'], observation)


def readout(params: Mapping[str, Tensor], latent: Tensor) -> Tensor:
    """Return the normalised observation (B, D) that a latent (B, Z) stands for."""
    return nets.apply_net(params, 'readout', latent)


def predict(params: Mapping[str, Tensor], latent: Tensor, action: Tensor) -> Tensor:
    """
    Return each member's next latent.

    :param latent: (K, B, Z), one state per member.
    :param action: (B, A) in [-1, 1].
    :return: (K, B, Z).
    """
    members = latent.shape[0]
    inputs = torch.cat([latent, action.expand(members, -1, -1)], dim=-1)
    return latent + params['moments.step'] * nets.apply_net(params, 'predictor', inputs)


def disagreement(params: Mapping[str, Tensor], latent: Tensor) -> Tensor:
    """
    Return how far the members are apart, in units of a typical step.

    :param latent: (K, B, Z).
    :return: (B,), sqrt(mean_Z var_K / mean_Z step^2); 0 for one member.
    """
    variance = latent.var(dim=0, correction=0).mean(dim=-1)
    return (variance / params['moments.step'].square().mean()).sqrt()


def goal_estimate(params: Mapping[str, Tensor], spec: ObservationSpec, latent: Tensor) -> Tensor:
    """Return the achieved goal (B, G) of a latent (B, Z) in its own units."""
    part = spec.goal_slice
    return (readout(params, latent)[..., part] * params['moments.scale'][part]
            + params['moments.mean'][part])
