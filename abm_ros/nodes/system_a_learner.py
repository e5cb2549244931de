"""system_a_learner: trains System A's world model from replay."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from abm_ros.common import names
from abm_ros.common.config import check, section
from abm_ros.common.seeds import derive_seed
from abm_ros.common.snapshot import Snapshot
from abm_ros.nodes.learner_node import LearnerConfig, LearnerNode
from abm_ros.ros.replay_link import ReplayedBatch
from abm_ros.ros.spin import run_node
from abm_ros.world_model.config import WorldModelConfig


@dataclass(frozen=True)
class SystemALearnerConfig(WorldModelConfig, LearnerConfig):
    """Settings of System A's learner; a kept model goes on with the settings it was made with."""

    def __post_init__(self) -> None:
        check(self)


class WorldTrainer:
    """`core.world_model` behind the trainer protocol."""

    def __init__(self, path: Path, seed: int, config: WorldModelConfig) -> None:
        import torch

        from abm_ros.world_model import world_model
        torch.set_num_threads(1)
        self._model = world_model
        self._seed = derive_seed(seed, names.SYSTEM_A_LEARNER)
        self._state: world_model.WorldState | None = None
        self._kept = Snapshot.load(path) if path.exists() else None
        self._since_check = 0
        self._config = config
        self.batch, self.horizon, self.keep = config.batch, config.horizon, 0

    def ready(self) -> bool:
        return True

    def begin(self, replayed: ReplayedBatch) -> None:
        if self._state is not None:
            return
        if self._kept is not None:
            self._state = self._model.restore(self._kept, replayed.spec)
        else:
            self._state = self._model.create(self._config, replayed.spec, self._seed)

    def train(self, replayed: ReplayedBatch, plasticity: float) -> Mapping[str, float]:
        assert self._state is not None
        metrics = {}
        if self._since_check % 20 == 0:
            checked = self._model.evaluate(self._state, replayed.batch)
            metrics = {name: checked[name] for name in (
                'model_error', 'effective_rank', 'observation_rank')}
        self._since_check += 1
        for group in self._state.optimiser.param_groups:
            group['lr'] = self._state.config.learning_rate * plasticity
        losses = self._model.train_step(self._state, replayed.batch)
        return {**metrics, 'loss': losses['loss']}

    def snapshot(self) -> Snapshot | None:
        return self._kept if self._state is None else self._model.snapshot(self._state)


class SystemALearner(LearnerNode[SystemALearnerConfig]):
    """The learner node of System A."""

    def __init__(self) -> None:
        super().__init__(names.SYSTEM_A_LEARNER, SystemALearnerConfig)

    def make_trainer(self) -> WorldTrainer:
        return WorldTrainer(self.path, self.config.seed,
                            section(WorldModelConfig, self.config))


def main() -> int:
    """Run the node."""
    return run_node(SystemALearner)
