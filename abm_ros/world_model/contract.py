"""
The contract of System A: what other rooms may use, and how to add another System A.

`WORLD_MODELS` finds the settings of a System A by name. The settings, a frozen dataclass, name its
learner. The learner learns from batches and writes snapshots, and its class reads a snapshot as a
`WorldModel`, in which System B imagines. Acting nodes run only the graphs of a snapshot, whichever
System A wrote it; `export.py` makes them from the functions of a `WorldModel`.

Another package adds one: `entry_points={'abm_ros.world_models': ['mine = my.config:MyConfig']}`.
Shape letters: B batch, L steps of a window, D observation, V plain numbers in it, A action,
Z latent, G goal, K ensemble members (1 for a single model).
"""

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from abm_ros.common.registry import Registry
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Batch

if TYPE_CHECKING:    # acting nodes import this module without torch
    from torch import Tensor

Metrics = dict[str, float]
BUILT_IN = 'ensemble'
WORLD_MODELS = Registry('abm_ros.world_models',
                        {BUILT_IN: 'abm_ros.world_model.config:WorldModelConfig'})


class WorldModel(Protocol):
    """
    An immutable model, for imagination and export.

    Its functions take batches, are differentiable, and use only functions of torch that
    `common/onnx_operators.py` can export.
    """

    @property
    def spec(self) -> ObservationSpec:
        """The layout of its observations."""

    @property
    def lineage(self) -> str:
        """Id of the learner's set of weights; latents of other lineages do not fit."""

    @property
    def version(self) -> int:
        """Number of updates of its weights."""

    @property
    def latent_size(self) -> int:
        """Z."""

    @property
    def members(self) -> int:
        """K."""

    @property
    def mean(self) -> 'Tensor':
        """Mean (V,) of the plain numbers, in their own units."""

    @property
    def scale(self) -> 'Tensor':
        """Deviation (V,) of the plain numbers: (number - mean) / scale is normalised."""

    def encode(self, observation: 'Tensor') -> 'Tensor':
        """Return latents (B, Z) of observations (B, D) in their own units."""

    def predict(self, latent: 'Tensor', action: 'Tensor') -> 'Tensor':
        """Return each member's next latent (K, B, Z) of (K, B, Z) and actions (B, A)."""

    def readout(self, latent: 'Tensor') -> 'Tensor':
        """Return the normalised plain numbers (B, V) read out of latents (B, Z)."""

    def achieved(self, latent: 'Tensor') -> 'Tensor':
        """Return the achieved goals (B, G), in their own units, read out of latents (B, Z)."""

    def disagreement(self, latent: 'Tensor') -> 'Tensor':
        """Return the disagreement (B,) of members (K, B, Z), in typical steps."""

    def proximity(self, latent: 'Tensor') -> 'Tensor':
        """Return how near the effector is to the goal's object: (B,) in [0, 1], 1 if near."""

    def member(self, index: int) -> 'WorldModel':
        """Return one member as a model of its own."""


class WorldModelLearner(Protocol):
    """A System A that learns; `snapshot` holds its settings and weights."""

    @property
    def spec(self) -> ObservationSpec:
        """The layout of its observations."""

    @property
    def lineage(self) -> str:
        """Hexadecimal id, derived from the seed."""

    @property
    def version(self) -> int:
        """Number of updates."""

    @classmethod
    def create(cls, config: Any, spec: ObservationSpec, seed: int) -> 'WorldModelLearner':
        """Begin a new lineage; the seed decides weights and lineage."""

    @classmethod
    def restore(cls, source: Snapshot, spec: ObservationSpec) -> 'WorldModelLearner':
        """Continue from a snapshot; raises SnapshotError if it does not fit."""

    @classmethod
    def view(cls, source: Snapshot, spec: ObservationSpec) -> WorldModel:
        """Read a snapshot's model; raises SnapshotError as `restore`."""

    def learn(self, batch: Batch, plasticity: float = 1.0) -> Metrics:
        """
        Take one update on windows (B, L).

        :param plasticity: factor of the learning rate, in (0, 1].
        :return: with 'loss'.
        :raises SpecError: the batch does not fit the spec or is not finite.
        """

    def freeze(self) -> WorldModel:
        """Return a copy of the current model."""

    def snapshot(self) -> Snapshot:
        """Return a system_a snapshot: the graphs of `export.py`, and the weights."""


class WorldModelSettings(Protocol):
    """A frozen dataclass of fields made by `config.setting`; its class is the entry."""

    implementation: ClassVar[str]     # name of the entry, kept in snapshots

    @property
    def batch(self) -> int:
        """Windows of an update."""

    @property
    def horizon(self) -> int:
        """Steps L of a window, at most."""

    @staticmethod
    def learner() -> type[WorldModelLearner]:
        """Import and return the class that learns with these settings."""


def learner_of(source: Snapshot) -> type[WorldModelLearner]:
    """
    Return the class that wrote a system_a snapshot and can read it.

    :raises ConfigError: its System A is not installed.
    """
    name = str(source.meta.get('implementation', BUILT_IN))
    made: type[WorldModelLearner] = WORLD_MODELS.get(name).learner()
    return made
