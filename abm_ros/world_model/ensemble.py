"""The built-in `WorldModel`: the contract's functions over fixed parameters."""

from dataclasses import dataclass, replace
from functools import cached_property

from torch import Tensor

from abm_ros.common.nets import Params
from abm_ros.common.spec import ObservationSpec
from abm_ros.world_model import latent_model, proximity
from abm_ros.world_model.config import WorldModelConfig


@dataclass(frozen=True)
class EnsembleModel:
    """See `contract.WorldModel`; `params` are without gradient."""

    config: WorldModelConfig
    spec: ObservationSpec
    params: Params
    lineage: str
    version: int

    @cached_property
    def _ready(self) -> Params:
        ready = latent_model.prepare(self.params, self.spec)
        return ready | latent_model.prepare_goal(ready, self.spec)

    @cached_property
    def _foremost(self) -> Params:
        return self._ready | proximity.prepare_foremost(self._ready)

    @cached_property
    def _alone(self) -> 'tuple[EnsembleModel, ...]':
        return tuple(replace(self, params={
            name: p[k:k + 1] if name.startswith('predictor.') else p
            for name, p in self.params.items()}) for k in range(self.members))

    @property
    def latent_size(self) -> int:
        return self.config.latent

    @property
    def members(self) -> int:
        return int(self.params['predictor.skip'].shape[0])

    @property
    def mean(self) -> Tensor:
        return self.params['moments.mean']

    @property
    def scale(self) -> Tensor:
        return self.params['moments.scale']

    def encode(self, observation: Tensor) -> Tensor:
        return latent_model.encode(self.params, self.spec, observation)

    def predict(self, latent: Tensor, action: Tensor) -> Tensor:
        return latent_model.predict(self._ready, latent, action)

    def readout(self, latent: Tensor) -> Tensor:
        return latent_model.readout(self._ready, latent)

    def achieved(self, latent: Tensor) -> Tensor:
        return latent_model.goal_estimate(self._ready, latent)

    def disagreement(self, latent: Tensor) -> Tensor:
        return latent_model.disagreement(self.params, latent)

    def proximity(self, latent: Tensor) -> Tensor:
        return proximity.foremost(self._foremost, latent, self.config.proximity_sharpness)

    def member(self, index: int) -> 'EnsembleModel':
        return self._alone[index]
