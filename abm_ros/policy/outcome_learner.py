"""Trains the `outcome_model` of a System B, which begins with the first batch of a told task."""

from collections.abc import Mapping

import torch
from torch import Tensor

from abm_ros.common import nets
from abm_ros.common.claim import NEAR, VISITS
from abm_ros.common.nets import Params
from abm_ros.common.seeds import derive_seed
from abm_ros.common.transition import Batch
from abm_ros.policy import outcome_model
from abm_ros.policy.config import ActorConfig
from abm_ros.policy.outcome_model import KNOWN
from abm_ros.world_model.contract import Metrics, WorldModel

# Replay shows a success in each batch where it holds one.
_FORGETS = 10


class OutcomeLearner:
    """
    Learns what the task tells; its parameters change in place.

    :param config: of System B's learner.
    :param seed: of the initial weights.
    :param params: to continue from; empty begins with the first batch.
    """

    def __init__(self, config: ActorConfig, seed: int, params: Params | None = None) -> None:
        self._config, self._seed = config, seed
        self.params: Params = params or {}
        self._optimiser: torch.optim.Optimizer | None = None
        self._without = 0      # updates in a row in which no success was replayed

    def frozen(self) -> Mapping[str, Tensor]:
        """Return the parameters without gradient; empty before the first batch."""
        return {name: p.detach() for name, p in self.params.items()}

    def learn(self, world: WorldModel, latent: Tensor, batch: Batch, plasticity: float) -> Metrics:
        """
        Take one step on what was told.

        :param latent: (B, Z), of the states that the transitions of the batch led to.
        :return: with 'outcome_loss', empty as long as no success or reward was told.
        """
        if not self.params:
            self.params = outcome_model.init_params(world, torch.Generator().manual_seed(
                derive_seed(self._seed, 'outcome/weights')))
        if self._optimiser is None:
            self._optimiser = self._make_optimiser()
        self._doubt(world, batch)
        loss = outcome_model.loss(self.params, world, latent, batch,
                                  self._config.outcome_smoothness)
        if loss is None:
            return {}
        nets.descend(loss, self._optimiser, self._config.gradient_norm, plasticity)
        return {'outcome_loss': float(loss.detach())}

    def _doubt(self, world: WorldModel, batch: Batch) -> None:
        """
        Know no place of success any more where a teacher's claim of one was refuted.

        That is where none is told any more, or where the only ones that are lie elsewhere. A place
        that is told begins there at once: a net that was sure of another one would unlearn slowly.
        """
        if batch.weight is None or batch.success is None or not self.params[KNOWN][0]:
            return
        success, counts = batch.success[:, 0], (batch.weight > 0) & (batch.mask[:, 0] > 0)
        won = counts & (success > 0)
        self._without = 0 if won.any() else self._without + 1
        achieved = batch.observation[:, 1, world.spec.goal_slice]
        place = outcome_model.place(self.params, world)
        missed = counts & (success == 0) & world.spec.reached(achieved, place, NEAR)
        refuted = (missed.sum() >= VISITS
                   and not world.spec.reached(achieved[won], place).any())
        if refuted or self._without >= _FORGETS:
            outcome_model.forget(self.params)

    def _make_optimiser(self) -> torch.optim.Optimizer:
        rates: dict[bool, list[Tensor]] = {True: [], False: []}
        for name, p in self.params.items():
            if name != KNOWN:
                rates[name.startswith(outcome_model.NET)].append(p.requires_grad_())
        return torch.optim.Adam([{'params': rates[True], 'lr': self._config.learning_rate},
                                 {'params': rates[False], 'lr': self._config.outcome_rate}],
                                fused=True)
