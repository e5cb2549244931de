"""Nets as functions: closed forms, and ensembles that equal their members."""

import numpy as np
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


def test_an_isometry_keeps_lengths() -> None:
    tall, wide = nets.isometry(rng(), 6, 4), nets.isometry(rng(), 4, 6)
    torch.testing.assert_close(tall.T @ tall, torch.eye(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(wide @ wide.T, torch.eye(4), atol=1e-5, rtol=0)


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
