"""system_b_learner: trains System B's actor and critics in System A's model."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from std_msgs.msg import UInt8MultiArray

from abm_ros.common import names
from abm_ros.common.config import check, section
from abm_ros.common.errors import SnapshotError
from abm_ros.common.seeds import derive_seed
from abm_ros.common.snapshot import Snapshot
from abm_ros.memory.schedule import VALUE_HORIZON
from abm_ros.nodes.learner_node import LearnerConfig, LearnerNode
from abm_ros.policy.config import ActorConfig
from abm_ros.ros.codec import attributes_of
from abm_ros.ros.replay_link import ReplayedBatch
from abm_ros.ros.spin import run_node


@dataclass(frozen=True)
class SystemBLearnerConfig(ActorConfig, LearnerConfig):
    """Settings of System B's learner; a kept policy goes on with the settings it was made with."""

    def __post_init__(self) -> None:
        check(self)


class ActorTrainer:
    """`core.actor` behind the trainer protocol; needs a model of System A first."""

    horizon = VALUE_HORIZON
    keep = 1                # of what it is drawn by

    def __init__(self, path: Path, seed: int, config: ActorConfig) -> None:
        import torch

        from abm_ros.policy import actor, actor_snapshot
        from abm_ros.world_model import world_model
        torch.set_num_threads(1)
        self._actor, self._snapshots, self._world_model = actor, actor_snapshot, world_model
        self._seed = derive_seed(seed, names.SYSTEM_B_LEARNER)
        self._kept = Snapshot.load(path) if path.exists() else None
        self._state: actor.ActorState | None = None
        self._world: world_model.World | None = None
        self._source: Snapshot | None = None
        self._used: Snapshot | None = None
        self._config = config
        self.batch = config.batch

    def take_world(self, source: Snapshot) -> None:
        """Take System A's newest snapshot; used from the next round on. Any thread."""
        self._source = source

    def ready(self) -> bool:
        return self._source is not None

    def begin(self, replayed: ReplayedBatch) -> None:
        """Nothing can begin before a model of System A has come."""

    def train(self, replayed: ReplayedBatch, plasticity: float) -> Mapping[str, float]:
        self._refresh(replayed)
        state, world = self._state, self._world
        assert state is not None
        assert world is not None
        for optimiser in (state.actor_optimiser, state.critic_optimiser):
            for group in optimiser.param_groups:
                group['lr'] = state.config.learning_rate * plasticity
        if replayed.kind != 'reverse':
            return self._actor.train_step(state, world, replayed.batch)
        metrics: Mapping[str, float] = {}
        for t in reversed(range(self.horizon)):
            metrics = self._actor.value_step(state, world, replayed.batch.column(t))
        return metrics

    def _refresh(self, replayed: ReplayedBatch) -> None:
        """Move to the newest model of System A; a new lineage begins a new System B."""
        if self._source is self._used or self._source is None:
            return
        self._used = self._source
        self._world = self._world_model.view(self._source, replayed.spec)
        if self._state is not None and self._state.world == self._world.lineage:
            return
        if self._kept is not None and self._kept.meta.get('world_lineage') == \
                self._world.lineage:
            self._state = self._snapshots.restore(self._kept, self._world)
        else:
            self._state = self._actor.create(self._config, self._world, self._seed)

    def snapshot(self) -> Snapshot | None:
        if self._state is None or self._world is None:
            return self._kept
        return self._snapshots.snapshot(self._state, self._world)


class SystemBLearner(LearnerNode[SystemBLearnerConfig]):
    """The learner node of System B."""

    def __init__(self) -> None:
        self._early: Snapshot | None = None
        self._world_round = 0
        super().__init__(names.SYSTEM_B_LEARNER, SystemBLearnerConfig)

    def make_trainer(self) -> ActorTrainer:
        trainer = ActorTrainer(self.path, self.config.seed,
                               section(ActorConfig, self.config))
        if self._early is not None:
            trainer.take_world(self._early)
        return trainer

    def may_train(self, number: int) -> bool:
        return not self.config.exact_rounds or self._world_round >= number

    def on_world_model(self, message: UInt8MultiArray) -> None:
        """Take System A's snapshot."""
        source = Snapshot.from_bytes(bytes(message.data))
        if source.kind != 'system_a':
            raise SnapshotError(f"expected a snapshot of system_a, got '{source.kind}'")
        with self._wake:
            self._early = source
            self._world_round = int(attributes_of(message).get('round', '0'))
            if isinstance(self._trainer, ActorTrainer):
                self._trainer.take_world(source)
            self._wake.notify_all()


def main() -> int:
    """Run the node."""
    return run_node(SystemBLearner)
