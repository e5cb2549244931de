"""
Another System B, as another package would bring it: it goes straight for the goal.

Its action is proportional to the way that is left; it cannot plan, and learns nothing.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from abm_ros.common import weights
from abm_ros.common.config import check, setting
from abm_ros.common.onnx_export import export
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.transition import Batch
from abm_ros.policy import snapshots
from abm_ros.world_model.contract import Metrics, WorldModel


@dataclass(frozen=True)
class GapConfig:
    """Settings of the policy."""

    implementation: ClassVar[str] = 'gap'

    batch: int = setting(8, 'windows per update', low=1, high=4096)
    strength: float = setting(1.0, 'action per unit of the way', low=0.0, high=100.0)

    def __post_init__(self) -> None:
        check(self)

    @staticmethod
    def learner() -> 'type[GapLearner]':
        return GapLearner


class GapLearner:
    """The goal's numbers are moved by the first actions."""

    def __init__(self, config: GapConfig, lineage: str, version: int, world_lineage: str) -> None:
        self.config, self.lineage, self.version = config, lineage, version
        self.world_lineage = world_lineage

    @classmethod
    def create(cls, config: GapConfig, world: WorldModel, seed: int) -> 'GapLearner':
        return cls(config, f'{seed % 2 ** 64:016x}', 0, world.lineage)

    @classmethod
    def restore(cls, source: Snapshot, world: WorldModel) -> 'GapLearner':
        snapshots.check(source, world)
        weights.unpack(source, {'nothing': (0,)})
        return cls(weights.settings_of(source, GapConfig), source.lineage, source.version,
                   world.lineage)

    def learn(self, world: WorldModel, batch: Batch, plasticity: float = 1.0) -> Metrics:
        self.version += 1
        return {}

    def learn_values(self, world: WorldModel, batch: Batch, plasticity: float = 1.0) -> Metrics:
        return self.learn(world, batch, plasticity)

    def snapshot(self, world: WorldModel) -> Snapshot:
        spec = world.spec
        ways = torch.eye(spec.goal_size, spec.action_size) * self.config.strength

        def policy(latent: torch.Tensor, goal: torch.Tensor) -> dict[str, torch.Tensor]:
            return {'action': ((goal - world.achieved(latent)) @ ways).clamp(-1.0, 1.0)}
        graph = export(policy, {'latent': ('B', world.latent_size), 'goal': ('B', spec.goal_size)})
        return snapshots.write(self, world, self.config, {'nothing': np.zeros(0, np.float32)},
                               {'policy': graph})
