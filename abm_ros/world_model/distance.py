"""
The distance to the goal, for a body that tells the distance but neither place (decision 0021).

A distance is the length of a displacement. One tower per perceived field gives its part of the
displacement, and the parts add up. So the joints' part (the tool) and the picture's part (the
goal) need not be learned for each pair of tool and goal. Numbers contribute by a chain of
rotations, pictures by a net whose output is trained to be slow: the goal moves less than the arm
in front of it. Sources: Chopra, Hadsell, LeCun 2005 (a metric learned as the distance of two
embeddings); Young and Householder 1938 (places from their distances); Wiskott and Sejnowski 2002
(slowness). Shape letters: B batch, V plain numbers, Z latent, F features of an image, E dimensions
of the displacement.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.init import orthogonal_

from abm_ros.common import nets
from abm_ros.common.nets import Params
from abm_ros.common.spec import ObservationSpec
from abm_ros.world_model import learned_kinematics, vision

DIMENSIONS = 6          # E; more than 3, so that gradient descent does not get stuck
HIDDEN = (32,)          # from the moments of a picture to places is nearly linear
LEAST = 0.01            # tolerances; gives the length a gradient everywhere
_CHAIN, _PICTURE = 'distance.chain.', 'distance.picture.'


def applies(spec: ObservationSpec) -> bool:
    """Tell whether the goal is a single hidden number."""
    return spec.goal_size == 1 and not any(spec.perceived[spec.goal_slice])


def init(rng: torch.Generator, spec: ObservationSpec, basis: Tensor) -> Params:
    """
    Make the towers, and the constants `apart.*`.

    :param basis: (Z, V + features of the images) in a new latent.
    """
    if not applies(spec):
        return {}
    place = torch.zeros(spec.numbers)
    place[spec.goal_slice] = 1.0
    params = {'apart.place': place, 'apart.unit': torch.tensor([spec.goal_tolerance])}
    for field in spec.fields:
        if not field.is_image and not field.hidden:
            name = f'{_CHAIN}{field.name}'
            params |= learned_kinematics.init(rng, name, field.size, DIMENSIONS,
                                              slides=not field.angles)
            params[f'apart.{name}'] = torch.eye(spec.numbers)[:, spec.slice_of(field.name)]
    for number, field in enumerate(spec.images):
        name, start = f'{_PICTURE}{field.name}', spec.numbers + number * vision.FEATURES
        params[f'apart.{name}'] = basis[:, start:start + vision.FEATURES].contiguous()
        params |= nets.init_net(rng, name, (vision.FEATURES, *HIDDEN, DIMENSIONS))
        # Starting from zero, the chain would learn the picture's part too.
        params[f'{name}.skip'] = orthogonal_(torch.empty(vision.FEATURES, DIMENSIONS),
                                              generator=rng)
    return params


def chains(params: Mapping[str, object]) -> list[str]:
    """Return the names of the towers of numbers; empty if the model has no distance."""
    return _towers(params, _CHAIN)


def pictures(params: Mapping[str, object]) -> list[str]:
    """Return the names of the towers of images."""
    return _towers(params, _PICTURE)


def is_chain(parameter: str) -> bool:
    """Tell whether a parameter of the model belongs to a tower of numbers."""
    return parameter.startswith(_CHAIN)


def _towers(params: Mapping[str, object], kind: str) -> list[str]:
    return sorted(n.removeprefix('apart.') for n in params if n.startswith(f'apart.{kind}'))


def prepare(params: Mapping[str, Tensor]) -> Params:
    """Return what `length` needs; empty if the model has no distance."""
    ready: Params = {}
    for name in chains(params):
        ready |= learned_kinematics.prepare(params, name, params[f'apart.{name}'],
                                            params['moments.mean'], params['moments.scale'])
    return ready


def length(ready: Mapping[str, Tensor], latent: Tensor, read: Tensor) -> Tensor:
    """
    Return the distance (B, 1), in its own units, that latents stand for.

    :param ready: the model's parameters and what `prepare` made of them.
    :param latent: (B, Z).
    :param read: (B, V), the normalised plain numbers that were read out of them.
    """
    parts = [learned_kinematics.end(ready, name, read) for name in chains(ready)]
    parts += [part.mT for part in pictured(ready, latent)]
    place = parts[0]
    for part in parts[1:]:
        place = place + part
    length = (place.square().sum(0) + LEAST ** 2).sqrt() * ready['apart.unit']
    return length.unsqueeze(1)


def pictured(params: Mapping[str, Tensor], latent: Tensor) -> list[Tensor]:
    """Return the part (B, E), in tolerances, of each picture in the displacement."""
    return [nets.apply_net(params, name, latent @ params[f'apart.{name}'])
            for name in pictures(params)]
