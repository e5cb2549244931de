"""system_a_learner: trains System A's world model from replay."""

from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

from abm_ros.common import names
from abm_ros.common.config import check, combined, section, setting
from abm_ros.common.errors import SnapshotError
from abm_ros.common.seeds import derive_seed
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.telemetry import SystemALearnerTelemetry
from abm_ros.nodes.learner_node import LearnerConfig, LearnerNode
from abm_ros.ros import parameters
from abm_ros.ros.replay_link import ReplayedBatch
from abm_ros.ros.spin import run_node
from abm_ros.ros.twin_watch import TwinWatch
from abm_ros.world_model import contract
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.contract import WorldModelLearner, WorldModelSettings

_CHECKED = 20      # updates from one check of the model to the next


@dataclass(frozen=True)
class WorldModelChoice(LearnerConfig):
    """Which System A learns."""

    world_model: str = setting(
        contract.BUILT_IN, 'Name of System A; other packages bring some by entry points of the '
        'group abm_ros.world_models, with settings of their own.')


@dataclass(frozen=True)
class SystemALearnerConfig(WorldModelConfig, WorldModelChoice):
    """Settings of System A's learner; a saved model continues with its own settings."""

    def __post_init__(self) -> None:
        check(self)


class WorldTrainer:
    """A System A behind the trainer protocol."""

    def __init__(self, path: Path, seed: int, config: WorldModelSettings) -> None:
        from abm_ros.common.nets import prepare_training
        from abm_ros.world_model.evaluation import evaluate
        prepare_training()
        self._evaluate = evaluate
        self._seed = derive_seed(seed, names.SYSTEM_A_LEARNER)
        self._learner: WorldModelLearner | None = None
        self._config = config
        self._kept = self._load(path) if path.exists() else None
        self._since_check = 0
        self._error = inf
        self._told = SystemALearnerTelemetry()
        self.batch, self.horizon, self.keep = config.batch, config.horizon, 0

    def _load(self, path: Path) -> Snapshot:
        """
        Read the saved model and make its graphs again, since the file may be older.

        :raises SnapshotError: it cannot be used, or is of another System A than is asked for.
        """
        kept = Snapshot.load(path)
        made_by = kept.meta.get('implementation', contract.BUILT_IN)
        if made_by != self._config.implementation:
            raise SnapshotError(f"{path} is of the world_model '{made_by}', the setting asks for "
                                f"'{self._config.implementation}'; set it back, or begin anew "
                                'with an empty models folder')
        return contract.learner_of(kept).restore(kept, kept.spec).snapshot()

    def ready(self) -> bool:
        return True

    def begin(self, replayed: ReplayedBatch) -> None:
        if self._learner is not None:
            return
        if self._kept is not None:
            self._learner = contract.learner_of(self._kept).restore(self._kept, replayed.spec)
        else:
            self._learner = self._config.learner().create(
                self._config, replayed.spec, self._seed)

    def train(self, replayed: ReplayedBatch, plasticity: float) -> SystemALearnerTelemetry:
        assert self._learner is not None
        if self._since_check % _CHECKED == 0:
            checked = self._evaluate(self._learner.freeze(), replayed.batch)
            self._error = checked['model_error']
            self._told = SystemALearnerTelemetry(
                effective_rank=checked['effective_rank'],
                observation_rank=checked['observation_rank'])
        self._since_check += 1
        losses = self._learner.learn(replayed.batch, plasticity)
        self._told = replace(self._told, loss=losses['loss'])
        return self._told

    @property
    def loss(self) -> float:
        return self._told.loss

    def useful(self) -> bool:
        return self._error < 1.0    # of a model that predicts no change

    def snapshot(self) -> Snapshot | None:
        return self._kept if self._learner is None else self._learner.snapshot()


class SystemALearner(LearnerNode[WorldModelChoice]):
    """The learner node of System A."""

    telemetry_class = SystemALearnerTelemetry

    def __init__(self) -> None:
        super().__init__(names.SYSTEM_A_LEARNER, SystemALearnerConfig)

    def settings_class(self, usual: type[WorldModelChoice]) -> type[WorldModelChoice]:
        name = parameters.given(self, 'world_model', contract.BUILT_IN)
        if name == contract.BUILT_IN:
            return usual
        return combined(usual.__name__, contract.WORLD_MODELS.get(name), WorldModelChoice)

    def make_trainer(self) -> WorldTrainer:
        chosen = contract.WORLD_MODELS.get(self.config.world_model)
        return WorldTrainer(self.path, self.config.seed, section(chosen, self.config))


def main(twins: TwinWatch) -> int:
    """Run the node."""
    return run_node(SystemALearner, twins)
