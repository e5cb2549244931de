"""
How far it is to the goal, where the body tells the distance and neither place.

A distance is the length of a displacement. One tower per perceived field says what that sense
contributes to it, and the contributions add up: what the joints say about the tool and what the
picture says about the goal need not be learned anew for each pair of them.
Sources: Chopra, Hadsell, LeCun 2005 (a metric learned as the distance of two embeddings); Young
and Householder 1938 (places from their distances).
Shape letters: B batch, V plain numbers, Z latent, S numbers and features of images, E dimensions
of the displacement.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from abm_ros.core import nets, vision
from abm_ros.core.nets import Params
from abm_ros.core.spec import ObservationSpec

DIMENSIONS = 8          # E; more than 3, so that no arrangement is a dead end for the descent
# Hidden layers: joints to places is far from linear, the moments of a picture to places is nearly.
HIDDEN, PICTURED = (128, 128, 128), (32,)
LEAST = 0.01            # tolerances; the length has a gradient everywhere


def applies(spec: ObservationSpec) -> bool:
    """Tell whether the goal is about one number that is measured and not perceived."""
    return spec.goal_size == 1 and not any(spec.perceived[spec.goal_slice])


def senses(spec: ObservationSpec) -> Iterator[tuple[str, slice]]:
    """Yield the name of each tower and what it sees of (S,)."""
    for field in spec.fields:
        if not field.is_image and not field.hidden:
            yield f'distance.{field.name}', spec.slice_of(field.name)
    for number, field in enumerate(spec.images):
        start = spec.numbers + number * vision.FEATURES
        yield f'distance.{field.name}', slice(start, start + vision.FEATURES)


def init(rng: torch.Generator, spec: ObservationSpec, basis: Tensor) -> Params:
    """
    Make the towers, and the constants `apart.*`.

    :param basis: (Z, S), numbers and features in a new latent.
    """
    if not applies(spec):
        return {}
    place = torch.zeros(spec.numbers)
    place[spec.goal_slice] = 1.0
    params = {'apart.place': place, 'apart.unit': torch.tensor([spec.goal_tolerance])}
    for name, part in senses(spec):
        params[f'apart.{name}'] = basis[:, part].contiguous()
        hidden = HIDDEN if part.start < spec.numbers else PICTURED
        params |= nets.init_net(rng, name, (part.stop - part.start, *hidden, DIMENSIONS))
        # At the length zero there is no way down: it begins somewhere.
        params[f'{name}.skip'] = nets.isometry(rng, *params[f'{name}.skip'].shape)
    return params


def towers(params: Mapping[str, object]) -> list[str]:
    """Return the names of the towers; none where distances are no part of the model."""
    return sorted(n.removeprefix('apart.') for n in params if n.startswith('apart.distance.'))


def length(params: Mapping[str, Tensor], latent: Tensor) -> Tensor:
    """Return the distance (B, 1), in its own units, that latents (B, Z) stand for."""
    parts = [nets.apply_net(params, name, latent @ params[f'apart.{name}'])
             for name in towers(params)]
    square = torch.stack(parts).sum(0).square().sum(-1, keepdim=True)
    return params['apart.unit'] * (square + LEAST ** 2).sqrt()
