"""
A chain of rotations: where the end of an arm is, as a function of its joints.

Every joint turns what comes after it in a plane of its own, by an angle that is linear in the
joint's position. So a few hundred poses tell the place at all others: there is no pose that a net
must have seen the like of. Where numbers may be no angles, there is a linear term beside it.
Source: Brockett 1984 (a serial arm's kinematics as a product of exponentials); the Rodrigues
formula for one turn.
Shape letters: B batch, J joints, E dimensions.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from abm_ros.common.nets import Params

REACH = 2.0    # deviation of a link's parts at first, in units of the result


def init(rng: torch.Generator, name: str, joints: int, dimensions: int, *,
         slides: bool = True) -> Params:
    """
    Make a chain; an arm in the plane or in space has no dead ends in a few dimensions more.

    :param name: prefix of the parameters' names.
    :param joints: J, from the base on.
    :param dimensions: E of the end's place.
    :param slides: whether there is a linear term; it would take what turns have to explain.
    """
    def draw(rows: int) -> Tensor:
        return torch.randn(rows, dimensions, generator=rng)
    # The unit of a joint's position is the radian, as ROS has it, until learned otherwise.
    made = {f'{name}.from': draw(joints), f'{name}.to': draw(joints),
            f'{name}.link': REACH * draw(joints + 1), f'{name}.rate': torch.ones(joints),
            f'{name}.angle': torch.zeros(joints)}
    return made | ({f'{name}.slide': torch.zeros(joints, dimensions)} if slides else {})


def turns(first: Tensor, second: Tensor) -> Tensor:
    """
    Return what turns a row of (B, E) by an angle in a plane: (J, E, 2 E).

    The plane is that of `first` and `second`, (J, E) each.
    x turned is x + sin(angle) x S + (cos(angle) - 1) x C; S and C stand side by side.
    """
    first = first / torch.linalg.vector_norm(first, dim=1, keepdim=True)
    second = second - (second * first).sum(1, keepdim=True) * first
    second = second / torch.linalg.vector_norm(second, dim=1, keepdim=True)
    first, second = first.unsqueeze(-1), second.unsqueeze(-1)
    sine = first @ second.mT - second @ first.mT
    cosine = first @ first.mT + second @ second.mT
    return torch.cat([sine, cosine], dim=-1)


def end(params: Mapping[str, Tensor], name: str, joints: Tensor, scaled: Tensor) -> Tensor:
    """
    Return the place (B, E) of the end.

    :param joints: (B, J), in their own units.
    :param scaled: (B, J), normalised, for the linear term.
    """
    angle = torch.addcmul(params[f'{name}.angle'], joints, params[f'{name}.rate'])
    sine, cosine = angle.sin().unsqueeze(-1), (angle.cos() - 1.0).unsqueeze(-1)
    turn = turns(params[f'{name}.from'], params[f'{name}.to'])
    link = params[f'{name}.link']
    place = link[-1].expand(len(joints), -1)
    for i in reversed(range(joints.shape[1])):
        by_sine, by_cosine = (place @ turn[i]).chunk(2, dim=-1)
        place = place + sine[:, i] * by_sine + cosine[:, i] * by_cosine + link[i]
    slide = params.get(f'{name}.slide')
    return place if slide is None else place + scaled @ slide
