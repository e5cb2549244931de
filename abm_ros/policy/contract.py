"""
The contract of System B: what other rooms may use, and how to add another System B.

`POLICIES` finds the settings of a System B by name. The settings, a frozen dataclass, name its
learner, which learns in the model of a System A and writes snapshots. The acting node runs only
the graphs of a snapshot (`controller.py`), whichever System B wrote it; `snapshots.write` collects
them. Lengths marked B are free. The last three graphs may be missing together; then there is no
planning.

- `policy`: latent (B, Z), goal (B, G) -> action (B, A) in [-1, 1] of the policy.
- `predict`: System A's, see `world_model/export.py`.
- `proposal`: latent, goal, noise (B, H, A) -> actions (B, H, A), plans of the policy.
- `rollout`: latent, actions (B, H, A), goal, offset (H, 1, Z) -> figures of plans, (B,) each; see
  `imagination.rollout`, where `told_cost` may be missing.

Another package adds one: `entry_points={'abm_ros.policies': ['mine = my.config:MyConfig']}`.
Shape letters: B batch, L steps of a window, Z latent, A action, G goal, H planning horizon.
"""

from typing import Any, ClassVar, Protocol

from abm_ros.common.registry import Registry
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.transition import Batch
from abm_ros.world_model.contract import Metrics, WorldModel

BUILT_IN = 'latent_actor'
POLICIES = Registry('abm_ros.policies', {BUILT_IN: 'abm_ros.policy.config:ActorConfig'})


class PolicyLearner(Protocol):
    """A System B that learns, in models of one lineage of System A."""

    @property
    def lineage(self) -> str:
        """Hexadecimal id, derived from the seed."""

    @property
    def version(self) -> int:
        """Number of updates."""

    @property
    def world_lineage(self) -> str:
        """Lineage of the System A whose latents it reads."""

    @classmethod
    def create(cls, config: Any, world: WorldModel, seed: int) -> 'PolicyLearner':
        """Begin a new lineage; the seed decides weights, lineage and imagined rollouts."""

    @classmethod
    def restore(cls, source: Snapshot, world: WorldModel) -> 'PolicyLearner':
        """Continue from a snapshot; raises SnapshotError if it or the world does not fit."""

    def learn(self, world: WorldModel, batch: Batch, plasticity: float = 1.0) -> Metrics:
        """
        Take one update.

        :param world: System A's newest model.
        :param batch: windows (B, L) with goals; their first steps are learned from.
        :param plasticity: factor of the learning rate, in (0, 1].
        :raises SpecError: the batch does not fit the spec or is not finite.
        """

    def learn_values(self, world: WorldModel, batch: Batch, plasticity: float = 1.0) -> Metrics:
        """Learn values from replay, but not the policy; see `learn`."""

    def snapshot(self, world: WorldModel) -> Snapshot:
        """Return a snapshot of System B whose graphs plan in this model."""


class PolicySettings(Protocol):
    """A frozen dataclass of fields made by `config.setting`; its class is the entry."""

    implementation: ClassVar[str]     # name of the entry, kept in snapshots

    @property
    def batch(self) -> int:
        """Windows of an update."""

    @staticmethod
    def learner() -> type[PolicyLearner]:
        """Import and return the class that learns with these settings."""


def learn_from(learner: PolicyLearner, world: WorldModel, batch: Batch, plasticity: float = 1.0,
               *, backwards: bool = False) -> Metrics:
    """
    Learn from a batch: one update, or a sweep of values from its last column to its first.

    :param backwards: the windows end where episodes ended, and are swept.
    :return: of the last update.
    """
    if not backwards:
        return learner.learn(world, batch, plasticity)
    metrics: Metrics = {}
    for t in reversed(range(batch.mask.shape[1])):
        metrics = learner.learn_values(world, batch.column(t), plasticity)
    return metrics


def learner_of(source: Snapshot) -> type[PolicyLearner]:
    """
    Return the class that wrote a system_b snapshot and can read it.

    :raises ConfigError: its System B is not installed.
    """
    name = str(source.meta.get('implementation', BUILT_IN))
    made: type[PolicyLearner] = POLICIES.get(name).learner()
    return made
