"""
System A's model as functions: encoder, ensemble of predictors, readout, inverse dynamics.

The forward side only; `world_model.py` trains it and System B imagines with it.
Shape letters: B batch, T time, D observation, V plain numbers in it, A action, Z latent, G goal,
K ensemble members.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from abm_ros.common import nets
from abm_ros.common.nets import Params
from abm_ros.common.spec import ObservationSpec
from abm_ros.world_model import distance, proximity, vision
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.normaliser import normalise


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

    The encoder begins as a copy of each number, if the latent has room, the readout as its
    inverse, the predictors at zero: the model error begins at that of persistence, 1.
    """
    numbers, latent, action = spec.numbers, cfg.latent, spec.action_size
    size = numbers + vision.FEATURES * len(spec.images)
    wide, deep = (cfg.encoder_hidden,) * cfg.layers, (cfg.hidden,) * cfg.layers
    params = {
        **nets.init_net(rng, 'encoder', (size, *wide, latent)),
        **nets.init_net(rng, 'readout', (latent, *wide, numbers)),
        **nets.init_net(rng, 'inverse', (2 * latent, cfg.hidden, action)),
        **nets.init_net(rng, 'predictor', (latent + action, *deep, latent), cfg.members,
                        proximity.features(spec))}
    for field in spec.images:
        params |= vision.init_eye(rng, f'encoder.{field.name}', field.shape[0])
    # What moves seldom (an object that is pushed) is best not mixed with what always moves.
    basis = torch.eye(size, latent) if size <= latent else nets.isometry(rng, size, latent)
    params['encoder.skip'] = basis
    params['readout.skip'] = basis[:numbers].T.contiguous()
    return (params | proximity.init(spec, params['readout.skip'])
            | distance.init(rng, spec, basis.T))


def encode(params: Mapping[str, Tensor], spec: ObservationSpec, observation: Tensor) -> Tensor:
    """
    Return the latent of an observation.

    :param observation: (B, D) float32, in its own units.
    :return: (B, Z).
    """
    return nets.apply_net(params, 'encoder', perceived(params, spec, observation))


def perceived(params: Mapping[str, Tensor], spec: ObservationSpec, observation: Tensor) -> Tensor:
    """
    Return what the encoder's net sees of an observation (B, D).

    :return: (B, V + features of the images); hidden numbers are 0.
    """
    seen = normalised(params, observation)
    if not spec.images and all(spec.perceived):
        return seen
    numbers = seen * torch.tensor(spec.perceived)
    if not spec.images:
        return numbers
    looks = normalise(params['moments.look_mean'], params['moments.look_scale'],
                      look(params, spec, observation))
    return torch.cat([numbers, looks], dim=1)


def look(params: Mapping[str, Tensor], spec: ObservationSpec, observation: Tensor) -> Tensor:
    """Return the features of all images, in their own units, of observations (B, D)."""
    return torch.cat([vision.look(params, f'encoder.{field.name}', observation[
        :, spec.slice_of(field.name)].unflatten(1, field.shape)) for field in spec.images], dim=1)


def normalised(params: Mapping[str, Tensor], observation: Tensor) -> Tensor:
    """Return the normalised plain numbers (B, V) of an observation (B, D)."""
    mean = params['moments.mean']
    return normalise(mean, params['moments.scale'], observation[:, :len(mean)])


def readout(params: Mapping[str, Tensor], latent: Tensor) -> Tensor:
    """Return the normalised plain numbers (B, V) that a latent (B, Z) stands for."""
    read = nets.apply_net(params, 'readout', latent)
    if 'apart.place' not in params:
        return read
    far = ((distance.length(params, latent, read) - params['moments.mean'])
           / params['moments.scale'])
    return torch.where(params['apart.place'] > 0, far, read)


def predict(params: Mapping[str, Tensor], latent: Tensor, action: Tensor) -> Tensor:
    """
    Return each member's next latent.

    :param latent: (K, B, Z), one state per member.
    :param action: (B, A) in [-1, 1].
    :return: (K, B, Z).
    """
    members = latent.shape[0]
    inputs = torch.cat([latent, action.expand(members, -1, -1)], dim=-1)
    around = proximity.near(params, latent) if 'near.blocks' in params else None
    return latent + params['moments.step'] * nets.apply_net(params, 'predictor', inputs, around)


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
