"""Measures of a System A, the same for every implementation."""

import numpy as np
import torch
from torch import Tensor

from abm_ros.common.spec import ObservationSpec, check_array
from abm_ros.common.transition import Batch
from abm_ros.world_model.contract import Metrics, WorldModel
from abm_ros.world_model.normaliser import normalise


def tensors(batch: Batch, spec: ObservationSpec, horizon: int) -> tuple[Tensor, Tensor, Tensor]:
    """
    Check a batch and return (B, L + 1, D), (B, L, A) and (B, L) tensors of at most horizon steps.

    :raises SpecError: wrong shapes or non-finite numbers.
    """
    size, length = batch.mask.shape
    check_array('observation', batch.observation, (size, length + 1, spec.size))
    check_array('action', batch.action, (size, length, spec.action_size))
    steps = min(length, horizon)
    return (torch.from_numpy(np.ascontiguousarray(batch.observation[:, :steps + 1], np.float32)),
            torch.from_numpy(np.ascontiguousarray(batch.action[:, :steps], np.float32)),
            torch.from_numpy(np.ascontiguousarray(batch.mask[:, :steps], np.float32)))


@torch.no_grad()
def evaluate(model: WorldModel, batch: Batch) -> Metrics:
    """
    Measure a model on held-out or replayed windows.

    :return: model_error (one step, against persistence = 1, in observation space),
        rollout_error (the same over the whole window), uncertainty, effective_rank of the
        latents (a collapse shows as a value near 1), observation_rank for comparison.
    """
    observation, action, mask = tensors(batch, model.spec, batch.mask.shape[1])
    truth = normalise(model.mean, model.scale, observation[..., :model.spec.numbers])
    member = model.encode(observation[:, 0]).expand(model.members, -1, -1)
    latents, sums, spread = member[0], [], torch.zeros(())
    for t in range(mask.shape[1]):
        member = model.predict(member, action[:, t])
        if t == 0:
            apart = model.disagreement(member) * mask[:, 0]
            spread = apart.sum() / mask[:, 0].sum().clamp_min(1)
        gap = (model.readout(member.mean(0)) - truth[:, t + 1]).square().sum(-1)
        change = (truth[:, 0] - truth[:, t + 1]).square().sum(-1)
        sums.append((float((gap * mask[:, t]).sum()), float((change * mask[:, t]).sum())))
    return {'model_error': sums[0][0] / max(sums[0][1], 1e-12),
            'rollout_error': sum(s[0] for s in sums) / max(sum(s[1] for s in sums), 1e-12),
            'uncertainty': float(spread), 'effective_rank': effective_rank(latents),
            'observation_rank': effective_rank(truth[:, 0])}


def effective_rank(vectors: Tensor) -> float:
    """
    Return exp(entropy) of the normalised spectrum of the covariance of vectors (B, Z).

    Source: Roy & Vetterli 2007, on singular values of the centred data.
    """
    values = torch.linalg.svdvals((vectors - vectors.mean(0)).double())
    share = values / values.sum().clamp_min(1e-12)
    return float(torch.exp(-(share * share.clamp_min(1e-12).log()).sum()))
