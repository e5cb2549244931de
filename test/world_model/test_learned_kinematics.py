"""A chain of rotations against the formulas of arms."""

import numpy as np
import torch

from abm_ros.common.nets import Params
from abm_ros.world_model import learned_kinematics


def end(params: Params, joints: torch.Tensor) -> torch.Tensor:
    """Return the places (B, E) of joints (B, J) that are numbers of mean 0 and scale 1."""
    count = joints.shape[1]
    ready = learned_kinematics.prepare(params, 'arm', torch.eye(count), torch.zeros(count),
                                       torch.ones(count))
    return learned_kinematics.end(ready, 'arm', joints).T


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_a_turn_is_the_exponential_of_its_plane() -> None:
    first, second = torch.randn(2, 3, 5, generator=rng())
    turns = learned_kinematics.turns(first, second)
    for sine, cosine in (t.chunk(2, dim=-1) for t in turns):
        for angle in (-2.0, 0.3, 4.0):
            got = torch.eye(5) + np.sin(angle) * sine + (np.cos(angle) - 1) * cosine
            np.testing.assert_allclose(got, torch.linalg.matrix_exp(angle * sine), atol=1e-5)
    # Each turns what it spans, and nothing else.
    np.testing.assert_allclose(turns[..., :5].square().sum((1, 2)), 2.0, rtol=1e-5)


def test_two_links_in_the_plane() -> None:
    params = {**learned_kinematics.init(rng(), 'arm', 2, 2), 'arm.rate': torch.tensor([1.0, 2.0]),
              'arm.from': torch.tensor([[1.0, 0.0]] * 2), 'arm.to': torch.tensor([[0.5, 3.0]] * 2),
              'arm.link': torch.tensor([[0.5, 0.0], [2.0, 0.0], [1.0, 0.0]])}
    joints = torch.tensor([[0.0, 0.0], [np.pi / 2, 0.0], [0.0, np.pi / 4], [0.7, -0.4]])
    both = joints[:, 0] + 2 * joints[:, 1]
    x = 0.5 + 2 * joints[:, 0].cos() + both.cos()
    y = 2 * joints[:, 0].sin() + both.sin()
    np.testing.assert_allclose(end(params, joints), torch.stack([x, y], -1), atol=1e-5)
    params['arm.slide'] = torch.tensor([[1.0, 0.0], [0.0, 3.0]])
    np.testing.assert_allclose(
        end(params, joints), torch.stack([x + joints[:, 0], y + 3 * joints[:, 1]], -1), atol=1e-5)


def test_joints_are_picked_from_normalised_numbers() -> None:
    """Of three numbers the last two are joints, told in units of 0.5 about 1.0."""
    params = learned_kinematics.init(rng(), 'arm', 2, 3)
    mean, scale = torch.tensor([9.0, 1.0, 1.0]), torch.tensor([7.0, 0.5, 0.5])
    ready = learned_kinematics.prepare(params, 'arm', torch.eye(3)[:, 1:], mean, scale)
    joints = torch.tensor([[0.3, -0.4], [1.0, 2.0]])
    read = torch.cat([torch.tensor([[5.0], [-5.0]]), (joints - 1.0) / 0.5], dim=1)
    np.testing.assert_allclose(learned_kinematics.end(ready, 'arm', read).T, end(params, joints),
                               atol=1e-5)


def test_an_arm_is_found_from_few_poses() -> None:
    """Five joints in space, 100 poses of a full range; the others are told as well."""
    arm, params = (learned_kinematics.init(torch.Generator().manual_seed(s), 'arm', 5, d)
                   for s, d in ((1, 3), (2, 6)))
    joints = 2.5 * (2 * torch.rand(400, 5, generator=rng()) - 1)
    place = end(arm, joints)
    leaves = [p.requires_grad_() for p in params.values()]
    descent = torch.optim.Adam(leaves, 0.02)
    for _ in range(600):
        told = end(params, joints[:100])[:, :3]
        descent.zero_grad()
        (told - place[:100]).square().mean().backward()
        descent.step()
    with torch.no_grad():
        error = (end(params, joints)[100:, :3] - place[100:]).square().mean()
    # 0.006 measured; nets of three layers of 128 or two of 64 come to 0.36 and 0.45 at best.
    assert error < 0.02 * place.var(0).mean()
