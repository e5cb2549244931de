"""The terms of System A's loss, against closed forms."""

import torch

from abm_ros.world_model import losses
from abm_ros.world_model.config import WorldModelConfig


def test_a_member_keeps_its_choice_of_transitions() -> None:
    cfg = WorldModelConfig(members=3, bootstrap=0.7)
    observation = torch.randn(400, 4, 5, generator=torch.Generator().manual_seed(0))
    weights = losses.member_weights(cfg, observation, torch.ones(400, 3))
    order = torch.randperm(400, generator=torch.Generator().manual_seed(1))
    again = losses.member_weights(cfg, observation[order], torch.ones(400, 3))
    assert torch.equal(weights[:, order], again)
    for share in weights.mean(dim=(1, 2)):
        assert 0.65 < float(share) < 0.75      # 1200 draws: 3.8 standard deviations
    both = float((weights[0] * weights[1]).mean())
    assert 0.44 < both < 0.54                  # independent members share 0.49


def test_masked_transitions_weigh_nothing() -> None:
    mask = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    weights = losses.member_weights(WorldModelConfig(), torch.randn(2, 3, 5), mask)
    assert float(weights[:, 0, 1].abs().max()) == 0.0


def test_a_single_member_learns_from_everything() -> None:
    mask = torch.ones(5, 2)
    weights = losses.member_weights(WorldModelConfig(members=1), torch.randn(5, 3, 2), mask)
    assert torch.equal(weights, mask.unsqueeze(0))


def test_collapsed_latents_pay_and_whitened_ones_do_not() -> None:
    collapsed = losses.regularisers(torch.ones(64, 4))
    assert abs(float(collapsed['variance']) - 0.99) < 1e-4      # 1 - sqrt(1e-4)
    assert float(collapsed['covariance']) == 0.0
    signs = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]) * 0.75 ** 0.5
    white = losses.regularisers(signs * 2.0)
    assert float(white['variance']) == 0.0
    assert float(white['covariance']) < 1e-10


def test_covariance_of_equal_dimensions() -> None:
    """Two equal dimensions of variance v: 2 v^2 off the diagonal, over Z = 2."""
    column = torch.tensor([[1.0], [-1.0], [1.0], [-1.0]]) * 0.75 ** 0.5 * 2
    terms = losses.regularisers(column.expand(-1, 2))
    assert abs(float(terms['covariance']) - 16.0) < 1e-4        # v = 4
