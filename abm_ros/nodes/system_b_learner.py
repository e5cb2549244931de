"""system_b_learner: trains System B's actor and critics in System A's model."""

from dataclasses import dataclass
from pathlib import Path

from std_msgs.msg import UInt8MultiArray

from abm_ros.common import names
from abm_ros.common.config import check, combined, section, setting
from abm_ros.common.errors import SnapshotError
from abm_ros.common.seeds import derive_seed
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.telemetry import SystemBLearnerTelemetry
from abm_ros.memory.replay.draw import REVERSE
from abm_ros.memory.schedule import VALUE_HORIZON
from abm_ros.nodes.learner_node import LearnerConfig, LearnerNode
from abm_ros.policy import contract
from abm_ros.policy.config import ActorConfig
from abm_ros.policy.contract import PolicyLearner, PolicySettings
from abm_ros.ros import parameters
from abm_ros.ros.codec import attributes_of
from abm_ros.ros.replay_link import ReplayedBatch
from abm_ros.ros.spin import run_node
from abm_ros.ros.twin_watch import TwinWatch
from abm_ros.world_model import contract as world_contract
from abm_ros.world_model.contract import WorldModel


@dataclass(frozen=True)
class PolicyChoice(LearnerConfig):
    """Which System B learns."""

    policy: str = setting(
        contract.BUILT_IN, 'Name of System B; other packages bring some by entry points of the '
        'group abm_ros.policies, with settings of their own.')


@dataclass(frozen=True)
class SystemBLearnerConfig(ActorConfig, PolicyChoice):
    """Settings of System B's learner; a saved policy continues with its own settings."""

    def __post_init__(self) -> None:
        check(self)


class PolicyTrainer:
    """A System B behind the trainer protocol; needs a model of System A first."""

    horizon = VALUE_HORIZON
    keep = 1                # of what it is drawn by

    def __init__(self, path: Path, seed: int, config: PolicySettings) -> None:
        from abm_ros.common.nets import prepare_training
        prepare_training()
        self._seed = derive_seed(seed, names.SYSTEM_B_LEARNER)
        self._config = config
        self._kept = self._load(path) if path.exists() else None
        self._learner: PolicyLearner | None = None
        self._world: WorldModel | None = None
        self._source: Snapshot | None = None
        self._used: Snapshot | None = None
        self._told = SystemBLearnerTelemetry()
        self.batch = config.batch

    def _load(self, path: Path) -> Snapshot:
        """
        Read the saved policy.

        :raises SnapshotError: it cannot be read, or is of another System B than is asked for.
        """
        kept = Snapshot.load(path)
        made_by = kept.meta.get('implementation', contract.BUILT_IN)
        if made_by != self._config.implementation:
            raise SnapshotError(f"{path} is of the policy '{made_by}', the setting asks for "
                                f"'{self._config.implementation}'; set it back, or begin anew "
                                'with an empty models folder')
        return kept

    def take_world(self, source: Snapshot) -> None:
        """Take System A's newest snapshot; used from the next round on. Any thread."""
        self._source = source

    def ready(self) -> bool:
        # Before its first update System A's model is of no use.
        return self._source is not None and self._source.version > 0

    def begin(self, replayed: ReplayedBatch) -> None:
        """Begin as soon as there is a model of System A that learned something."""
        if self.ready():
            self._refresh(replayed.spec)

    def train(self, replayed: ReplayedBatch, plasticity: float) -> SystemBLearnerTelemetry:
        self._refresh(replayed.spec)
        learner, world = self._learner, self._world
        assert learner is not None
        assert world is not None
        metrics = contract.learn_from(learner, world, replayed.batch, plasticity,
                                      backwards=replayed.kind == REVERSE)
        # A System B of another package need not have an actor or a critic.
        self._told = SystemBLearnerTelemetry(
            critic_loss=metrics.get('critic_loss', self._told.critic_loss),
            actor_loss=metrics.get('actor_loss', self._told.actor_loss))
        return self._told

    def _refresh(self, spec: ObservationSpec) -> None:
        """Move to the newest model of System A; a new lineage begins a new System B."""
        source = self._source
        if source is self._used or source is None:
            return
        self._used = source
        self._world = world = world_contract.learner_of(source).view(source, spec)
        if self._learner is not None and self._learner.world_lineage == world.lineage:
            return
        if self._kept is not None and self._kept.meta.get('world_lineage') == world.lineage:
            self._learner = contract.learner_of(self._kept).restore(self._kept, world)
        else:
            self._learner = self._config.learner().create(self._config, world, self._seed)

    @property
    def loss(self) -> float:
        return self._told.actor_loss

    def useful(self) -> bool:
        return True     # its plans are made in System A's model, which is

    def snapshot(self) -> Snapshot | None:
        if self._learner is None or self._world is None:
            # The graphs of an older file are made again once there is a model of System A.
            is_old = self._kept is not None and 'implementation' not in self._kept.meta
            return None if is_old else self._kept
        return self._learner.snapshot(self._world)


class SystemBLearner(LearnerNode[PolicyChoice]):
    """The learner node of System B."""

    telemetry_class = SystemBLearnerTelemetry

    def __init__(self) -> None:
        self._early: Snapshot | None = None
        self._world_round = 0
        super().__init__(names.SYSTEM_B_LEARNER, SystemBLearnerConfig)

    def settings_class(self, usual: type[PolicyChoice]) -> type[PolicyChoice]:
        name = parameters.given(self, 'policy', contract.BUILT_IN)
        if name == contract.BUILT_IN:
            return usual
        return combined(usual.__name__, contract.POLICIES.get(name), PolicyChoice)

    def make_trainer(self) -> PolicyTrainer:
        chosen = contract.POLICIES.get(self.config.policy)
        trainer = PolicyTrainer(self.path, self.config.seed, section(chosen, self.config))
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
            if isinstance(self._trainer, PolicyTrainer):
                self._trainer.take_world(source)
            self._wake.notify_all()


def main(twins: TwinWatch) -> int:
    """Run the node."""
    return run_node(SystemBLearner, twins)
