"""Nets as functions: closed forms, and ensembles that equal their members."""

import numpy as np
import pytest
import torch

from abm_ros.common import nets


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def test_a_new_net_says_zero() -> None:
    params = nets.init_net(rng(), 'n', (4, 8, 8, 3))
    assert torch.equal(nets.apply_net(params, 'n', torch.ones(5, 4)), torch.zeros(5, 3))


def test_a_net_is_linear_plus_mlp() -> None:
    params = {n: torch.randn(p.shape, generator=rng())
              for n, p in nets.init_net(rng(), 'n', (4, 8, 3)).items()}
    p = {n.removeprefix('n.'): a.astype(np.float64) for n, a in nets.to_arrays(params).items()}
    x = np.random.default_rng(0).normal(size=(5, 4))
    inner = x @ p['w0'] + p['b0']
    expected = x @ p['skip'] + p['bias'] + (inner / (1 + np.exp(-inner))) @ p['out']
    got = nets.apply_net(params, 'n', torch.from_numpy(x).float())
    np.testing.assert_allclose(got.numpy(), expected, atol=1e-5)


def test_an_ensemble_equals_its_members() -> None:
    params = {n: torch.randn(p.shape, generator=rng())
              for n, p in nets.init_net(rng(), 'n', (4, 8, 3), members=3).items()}
    x = torch.randn(3, 5, 4, generator=rng())
    together = nets.apply_net(params, 'n', x)
    for k in range(3):
        alone = nets.apply_net({n: p[k] for n, p in params.items()}, 'n', x[k])
        torch.testing.assert_close(together[k], alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('members', [0, 3])
def test_a_rescaled_net_gives_a_part_in_other_units(members: int) -> None:
    params = {n: torch.randn(p.shape, generator=rng())
              for n, p in nets.init_net(rng(), 'n', (4, 8, 3), members).items()}
    x = torch.randn((3, 5, 4) if members else (5, 4), generator=rng())
    scale, shift = torch.tensor([2.0, -3.0]), torch.tensor([0.5, 1.0])
    made = nets.rescaled(params, 'n', 'm', scale, shift, slice(1, 3))
    torch.testing.assert_close(nets.apply_net(made, 'm', x),
                               nets.apply_net(params, 'n', x)[..., 1:3] * scale + shift,
                               atol=1e-5, rtol=1e-5)


def test_plasticity_is_a_factor_of_the_rates_that_an_optimiser_was_made_with() -> None:
    weights = [torch.ones(1, requires_grad=True) for _ in range(2)]
    optimiser = torch.optim.SGD([{'params': [w], 'lr': rate}
                                 for w, rate in zip(weights, (0.1, 0.4), strict=True)])
    for plasticity in (0.5, 1.0):
        nets.descend(sum(weights).sum(), optimiser, 10.0, plasticity)
    np.testing.assert_allclose([float(w.detach()) for w in weights], [0.85, 0.4], rtol=1e-6)


def test_a_step_that_is_not_finite_changes_nothing() -> None:
    weight = torch.ones(2, requires_grad=True)
    optimiser = torch.optim.Adam([weight], lr=0.1)
    assert not nets.descend((weight * torch.tensor([1.0, torch.nan])).sum(), optimiser, 1.0)
    assert weight.tolist() == [1.0, 1.0]
    assert nets.descend(weight.sum(), optimiser, 1.0)
    assert max(weight.tolist()) < 0.95


def test_arrays_are_copies() -> None:
    params = {'a': torch.zeros(2)}
    arrays = nets.to_arrays(params)
    params['a'] += 1
    back = nets.from_arrays(arrays)
    back['a'] += 2
    assert arrays['a'].tolist() == [0.0, 0.0]
