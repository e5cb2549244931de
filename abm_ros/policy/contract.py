"""
What the rest of the system may ask of a System B, and how another one is added.

A System B is known by its settings, a frozen dataclass that `POLICIES` finds by name. They lead
to its learner, which learns in the model of a System A and writes snapshots. The acting node runs
the snapshot's graphs alone (`controller.py`), whatever System B made them: `snapshots.write` puts
them together. Lengths marked B are free, and all but `policy` may be missing, all three together:
then there is no planning.

- `policy`: latent (B, Z), goal (B, G) -> action (B, A) in [-1, 1], by habit.
- `predict`: System A's, see `world_model/export.py`.
- `proposal`: latent, goal, noise (B, H, A) -> actions (B, H, A), plans of the policy.
- `rollout`: latent, actions (B, H, A), goal, offset (H, 1, Z) -> what plans lead to, (B,) each:
  see `imagination.rollout`.

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
        """Hexadecimal, from the seed."""

    @property
    def version(self) -> int:
        """Count of updates."""

    @property
    def world_lineage(self) -> str:
        """Lineage of the System A whose latents it reads."""

    @classmethod
    def create(cls, config: Any, world: WorldModel, seed: int) -> 'PolicyLearner':
        """Begin a new lineage; the seed decides weights, lineage and what is imagined."""

    @classmethod
    def restore(cls, source: Snapshot, world: WorldModel) -> 'PolicyLearner':
        """Go on from a snapshot; raises SnapshotError where it or the world does not fit."""

    def learn(self, world: WorldModel, batch: Batch, plasticity: float = 1.0) -> Metrics:
        """
        Take one update.

        :param world: System A's newest model.
        :param batch: windows (B, L), whose first steps are learned from, with goals.
        :param plasticity: factor of the learning rate, in (0, 1].
        :raises SpecError: the batch does not fit the spec or is not finite.
        """

    def learn_values(self, world: WorldModel, batch: Batch, plasticity: float = 1.0) -> Metrics:
        """Learn from replay what states are worth, not how to act; see `learn`."""

    def snapshot(self, world: WorldModel) -> Snapshot:
        """Return a system_b snapshot, whose graphs plan in this model."""


class PolicySettings(Protocol):
    """A frozen dataclass of fields made by `config.setting`; its class is the entry."""

    implementation: ClassVar[str]     # the entry's name, which snapshots carry

    @property
    def batch(self) -> int:
        """Windows of an update."""

    @staticmethod
    def learner() -> type[PolicyLearner]:
        """Import and return what learns with these settings."""


def learner_of(source: Snapshot) -> type[PolicyLearner]:
    """
    Return the class that wrote a system_b snapshot and can read it.

    :raises ConfigError: it is of a System B that is not installed.
    """
    name = str(source.meta.get('implementation', BUILT_IN))
    made: type[PolicyLearner] = POLICIES.get(name).learner()
    return made
