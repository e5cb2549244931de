"""
System A's model as functions: encoder, ensemble of predictors, readout, inverse dynamics.

Only the forward functions; `ensemble_learner.py` trains them. `prepare` computes everything that
depends on parameters alone, once for many calls.
Shape letters: B batch, T time, D observation, V plain numbers in it, A action, Z latent, G goal,
K ensemble members.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.init import orthogonal_

from abm_ros.common import nets
from abm_ros.common.nets import Params
from abm_ros.common.spec import ObservationSpec
from abm_ros.world_model import distance, proximity, vision
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.normaliser import normalise


def init_params(cfg: WorldModelConfig, spec: ObservationSpec, rng: torch.Generator) -> Params:
    """
    Draw parameters that keep all information and predict no change.

    The encoder begins as a copy of each number, if the latent is large enough, the readout as its
    inverse, and the predictors at zero. So the model error begins at that of persistence, 1.
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
    # A number that moves seldom (of a pushed object) is best not mixed with others.
    basis = torch.eye(size, latent) if size <= latent else orthogonal_(
        torch.empty(size, latent), generator=rng)
    params['encoder.skip'] = basis
    params['readout.skip'] = basis[:numbers].T.contiguous()
    return (params | proximity.init(spec, params['readout.skip'])
            | distance.init(rng, spec, basis.T) | _init_moments(cfg, spec))


def _init_moments(cfg: WorldModelConfig, spec: ObservationSpec) -> Params:
    """Return the initial moments, from before any data."""
    looks = vision.FEATURES * len(spec.images)
    moments = {'mean': torch.zeros(spec.numbers), 'scale': torch.ones(spec.numbers),
               'step': torch.ones(cfg.latent), 'change': torch.ones(spec.numbers)}
    if looks:
        moments |= {'look_mean': torch.zeros(looks), 'look_scale': torch.ones(looks)}
    return {f'moments.{name}': tensor for name, tensor in moments.items()}


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


def prepare(params: Mapping[str, Tensor], spec: ObservationSpec) -> Params:
    """
    Return the parameters with everything that `predict` and `readout` compute from them alone.

    Gradients pass through it to the parameters.
    """
    ready = {**params, **proximity.prepare(params), **distance.prepare(params),
             **nets.rescaled(params, 'predictor', 'step', params['moments.step'])}
    if distance.applies(spec):
        place, scale = params['apart.place'], params['moments.scale']
        ready |= nets.rescaled(params, 'readout', 'numbers', 1.0 - place,
                               -place * params['moments.mean'] / scale)
        ready['apart.share'] = place / scale
    return ready


def prepare_goal(ready: Mapping[str, Tensor], spec: ObservationSpec) -> Params:
    """Return what `goal_estimate` needs beside `prepare`."""
    if distance.applies(spec):
        return {}
    part = spec.goal_slice
    return nets.rescaled(ready, 'readout', 'goal', ready['moments.scale'][part],
                         ready['moments.mean'][part], part)


def readout(ready: Mapping[str, Tensor], latent: Tensor) -> Tensor:
    """Return the normalised plain numbers (B, V) read out of latents (B, Z)."""
    if 'apart.share' not in ready:
        return nets.apply_net(ready, 'readout', latent)
    read = nets.apply_net(ready, 'numbers', latent)
    return read + distance.length(ready, latent, read) * ready['apart.share']


def predict(ready: Mapping[str, Tensor], latent: Tensor, action: Tensor) -> Tensor:
    """
    Return each member's next latent.

    :param latent: (K, B, Z), one state per member.
    :param action: (B, A) in [-1, 1].
    :return: (K, B, Z).
    """
    inputs = torch.cat([latent, action.expand(latent.shape[0], -1, -1)], dim=-1)
    around = proximity.near(ready, latent) if proximity.applies(ready) else None
    return latent + nets.apply_net(ready, 'step', inputs, around)


def disagreement(params: Mapping[str, Tensor], latent: Tensor) -> Tensor:
    """
    Return the disagreement of the members, in typical steps.

    :param latent: (K, B, Z).
    :return: (B,), sqrt(mean_Z var_K / mean_Z step^2); 0 for one member.
    """
    apart = latent - latent.mean(0, keepdim=True)
    unit = params['moments.step'].square().mean() * (latent.shape[0] * latent.shape[2])
    # Along the last axis first: over both at once takes several times as long.
    return (apart.square().sum(-1).sum(0) / unit).sqrt()


def goal_estimate(ready: Mapping[str, Tensor], latent: Tensor) -> Tensor:
    """Return the achieved goal (B, G) of a latent (B, Z) in its own units."""
    if 'apart.share' in ready:
        return distance.length(ready, latent, nets.apply_net(ready, 'numbers', latent))
    return nets.apply_net(ready, 'goal', latent)
