"""
Another System A, as another package would bring it: a linear model by least squares.

Its latent is the observation itself; it knows nothing of pictures, and has one member.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from abm_ros.common import weights
from abm_ros.common.config import check, setting
from abm_ros.common.seeds import derive_seed
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Batch
from abm_ros.world_model import snapshots
from abm_ros.world_model.contract import Metrics
from abm_ros.world_model.evaluation import tensors


@dataclass(frozen=True)
class LinearConfig:
    """Settings of the linear model."""

    implementation: ClassVar[str] = 'linear'

    batch: int = setting(64, 'windows per update', low=1, high=4096)
    horizon: int = setting(1, 'steps of a window', low=1, high=1)
    ridge: float = setting(1e-5, 'weight of small weights', low=0.0, high=1e6)

    def __post_init__(self) -> None:
        check(self)

    @staticmethod
    def learner() -> 'type[LinearLearner]':
        return LinearLearner


@dataclass(frozen=True)
class LinearModel:
    """z' = z + (z, a, 1) @ weight."""

    spec: ObservationSpec
    lineage: str
    version: int
    weight: Tensor         # (V + A + 1, V)
    mean: Tensor
    scale: Tensor

    @property
    def latent_size(self) -> int:
        return self.spec.numbers

    @property
    def members(self) -> int:
        return 1

    @cached_property
    def _parts(self) -> tuple[Tensor, Tensor, Tensor]:
        size = self.latent_size
        return self.weight[:size], self.weight[size:-1], self.weight[-1]

    def encode(self, observation: Tensor) -> Tensor:
        return observation[:, :self.spec.numbers]

    def predict(self, latent: Tensor, action: Tensor) -> Tensor:
        of_latent, of_action, constant = self._parts
        return latent + (latent @ of_latent + (action @ of_action + constant))

    def readout(self, latent: Tensor) -> Tensor:
        return (latent - self.mean) / self.scale

    def achieved(self, latent: Tensor) -> Tensor:
        return latent[:, self.spec.goal_slice]

    def disagreement(self, latent: Tensor) -> Tensor:
        return 0.0 * latent.square().sum((0, 2))

    def proximity(self, latent: Tensor) -> Tensor:
        return 1.0 + 0.0 * latent.sum(1)

    def member(self, index: int) -> 'LinearModel':
        return self


class LinearLearner:
    """Adds up what least squares needs, and solves it with every update."""

    def __init__(self, config: LinearConfig, spec: ObservationSpec, lineage: str,
                 version: int = 0, sums: Tensor | None = None) -> None:
        self.config, self.spec, self.lineage, self.version = config, spec, lineage, version
        inputs = spec.numbers + spec.action_size + 1
        # The products of (z, a, 1) with itself and with the change of z.
        self._sums = torch.zeros(inputs, inputs + spec.numbers) if sums is None else sums

    @classmethod
    def create(cls, config: LinearConfig, spec: ObservationSpec, seed: int) -> 'LinearLearner':
        return cls(config, spec, f'{derive_seed(seed, "linear"):016x}')

    @classmethod
    def restore(cls, source: Snapshot, spec: ObservationSpec) -> 'LinearLearner':
        snapshots.check(source, spec)
        inputs = spec.numbers + spec.action_size + 1
        arrays = weights.unpack(source, {'sums': (inputs, inputs + spec.numbers)})
        return cls(weights.settings_of(source, LinearConfig), spec, source.lineage,
                   source.version, torch.from_numpy(arrays['sums'].copy()))

    @classmethod
    def view(cls, source: Snapshot, spec: ObservationSpec) -> LinearModel:
        return cls.restore(source, spec).freeze()

    def learn(self, batch: Batch, plasticity: float = 1.0) -> Metrics:
        observation, action, mask = tensors(batch, self.spec, 1)
        seen = observation[..., :self.spec.numbers]
        lived = mask[:, 0] > 0
        inputs = torch.cat([seen[:, 0], action[:, 0], torch.ones(len(seen), 1)], dim=1)[lived]
        change = (seen[:, 1] - seen[:, 0])[lived]
        self._sums = self._sums + plasticity * inputs.T @ torch.cat([inputs, change], dim=1)
        self.version += 1
        left = change - inputs @ self.freeze().weight
        return {'loss': float(left.square().mean())}

    def freeze(self) -> LinearModel:
        size, own = self.spec.numbers, len(self._sums)
        count = self._sums[own - 1, own - 1].clamp_min(1.0)
        mean = self._sums[own - 1, :size] / count
        power = torch.diagonal(self._sums)[:size] / count
        # Numbers that are told twice leave it open which of them counts.
        small = self.config.ridge * count * torch.eye(own)
        weight = torch.linalg.solve((self._sums[:, :own] + small).double(),
                                    self._sums[:, own:].double()).float()
        return LinearModel(self.spec, self.lineage, self.version, weight, mean,
                           (power - mean.square()).clamp_min(1e-6).sqrt())

    def snapshot(self) -> Snapshot:
        return snapshots.write(self.freeze(), self.config,
                               {'sums': self._sums.numpy().copy()})
