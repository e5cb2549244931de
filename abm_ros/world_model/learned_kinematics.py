"""
Learned kinematics: the place of an arm's end as a chain of rotations (decision 0021).

Each joint turns the rest of the chain in a plane of its own, by an angle that is linear in the
joint's position. So a few hundred poses determine the place at all other poses, where a net would
have to see similar ones. A linear term is added where the numbers may not be angles.
Source: Brockett 1984 (a serial arm's kinematics as a product of exponentials); the Rodrigues
formula for one turn.
Shape letters: B batch, V plain numbers, J joints, E dimensions.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from abm_ros.common.nets import Params

REACH = 2.0    # initial deviation of a link's components, in units of the result


def init(rng: torch.Generator, name: str, joints: int, dimensions: int, *,
         slides: bool = True) -> Params:
    """
    Make a chain; with a few more dimensions than space has, gradient descent does not get stuck.

    :param name: prefix of the parameters' names.
    :param joints: J, from the base on.
    :param dimensions: E of the end's place.
    :param slides: whether to add a linear term, which would explain part of what turns should.
    """
    def draw(rows: int) -> Tensor:
        return torch.randn(rows, dimensions, generator=rng)
    # Initially a joint's position counts as radians, as in ROS.
    made = {f'{name}.from': draw(joints), f'{name}.to': draw(joints),
            f'{name}.link': REACH * draw(joints + 1), f'{name}.rate': torch.ones(joints),
            f'{name}.angle': torch.zeros(joints)}
    return made | ({f'{name}.slide': torch.zeros(joints, dimensions)} if slides else {})


def turns(first: Tensor, second: Tensor) -> Tensor:
    """
    Return what turns a column of (E, B) by an angle in a plane: (J, E, 2 E).

    The plane is that of `first` and `second`, (J, E) each.
    x turned is x + S @ x sin(angle) + C @ x (cos(angle) - 1); S and C stand side by side.
    """
    first = first / torch.linalg.vector_norm(first, dim=1, keepdim=True)
    second = second - (second * first).sum(1, keepdim=True) * first
    second = second / torch.linalg.vector_norm(second, dim=1, keepdim=True)
    first, second = first.unsqueeze(-1), second.unsqueeze(-1)
    sine = second @ first.mT - first @ second.mT
    cosine = first @ first.mT + second @ second.mT
    return torch.cat([sine, cosine], dim=-1)


def prepare(params: Mapping[str, Tensor], name: str, joints: Tensor, mean: Tensor,
            scale: Tensor) -> Params:
    """
    Return what `end` needs, for joints among normalised numbers.

    :param joints: (V, J), 1 where a number is the position of a joint.
    :param mean: (V,), of the numbers in their own units.
    :param scale: (V,).
    """
    turn, link = turns(params[f'{name}.from'], params[f'{name}.to']), params[f'{name}.link']
    rates = joints * params[f'{name}.rate']
    whole = torch.eye(link.shape[1]).expand(len(turn), -1, -1)
    ready = {f'{name}.rates': (scale[:, None] * rates).mT,                       # (J, V)
             f'{name}.start': (mean @ rates + params[f'{name}.angle'])[:, None],
             f'{name}.turns': torch.cat([whole, turn], dim=-1),                  # (J, E, 3 E)
             # The last link is the same for the whole batch, so the first turn needs no batch.
             f'{name}.tip': (turn[-1].unflatten(1, (2, -1)) @ link[-1]),         # (E, 2)
             f'{name}.links': torch.cat([link[:-2], link[-2:].sum(0, keepdim=True)])[..., None]}
    if f'{name}.slide' in params:
        ready[f'{name}.slides'] = (joints @ params[f'{name}.slide']).mT          # (E, V)
    return ready


def end(ready: Mapping[str, Tensor], name: str, read: Tensor) -> Tensor:
    """
    Return the place of the end as columns (E, B), since short rows are slow.

    :param ready: the result of `prepare`.
    :param read: (B, V), normalised numbers.
    """
    across, turn, links = read.mT, ready[f'{name}.turns'], ready[f'{name}.links']
    angle = torch.addmm(ready[f'{name}.start'], ready[f'{name}.rates'], across)
    sines, cosines = angle.sin().chunk(len(turn)), (angle.cos() - 1.0).chunk(len(turn))
    place = torch.addmm(links[-1], ready[f'{name}.tip'], torch.cat([sines[-1], cosines[-1]]))
    for i in reversed(range(len(turn) - 1)):
        parts = torch.cat([place, sines[i] * place, cosines[i] * place])
        place = torch.addmm(links[i], turn[i], parts)
    slides = ready.get(f'{name}.slides')
    return place if slides is None else torch.addmm(place, slides, across)
