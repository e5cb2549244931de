"""
What the rest of the system may ask of a System A, and how another one is added.

A System A is known by its settings, a frozen dataclass that `WORLD_MODELS` finds by name. They
lead to its learner, which learns from batches and writes snapshots, and the learner's class reads
a snapshot as a model, in which System B imagines. Acting nodes run the snapshot's graphs alone,
whatever System A made them: `export.py` makes them from the functions of a `WorldModel`.

Another package adds one: `entry_points={'abm_ros.world_models': ['mine = my.config:MyConfig']}`.
Shape letters: B batch, L steps of a window, D observation, V plain numbers in it, A action,
Z latent, G goal, K ensemble members (1 for a single model).
"""

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from abm_ros.common.registry import Registry
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Batch

if TYPE_CHECKING:    # acting nodes read this module too, without torch
    from torch import Tensor

Metrics = dict[str, float]
BUILT_IN = 'ensemble'
WORLD_MODELS = Registry('abm_ros.world_models',
                        {BUILT_IN: 'abm_ros.world_model.config:WorldModelConfig'})


class WorldModel(Protocol):
    """
    A model at one moment, for imagination and export. It never changes.

    Its functions take batches, are differentiable, and are made of what
    `common/onnx_operators.py` can export.
    """

    @property
    def spec(self) -> ObservationSpec:
        """What it observes."""

    @property
    def lineage(self) -> str:
        """Names the learner's whole life: latents of another lineage are another language."""

    @property
    def version(self) -> int:
        """Count of the updates that made it."""

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
        """Return the normalised plain numbers (B, V) that latents (B, Z) stand for."""

    def achieved(self, latent: 'Tensor') -> 'Tensor':
        """Return the achieved goals (B, G), in their own units, of latents (B, Z)."""

    def disagreement(self, latent: 'Tensor') -> 'Tensor':
        """Return how far members (K, B, Z) are apart: (B,), in units of a typical step."""

    def proximity(self, latent: 'Tensor') -> 'Tensor':
        """Return how near what acts on the goal's object is to it: (B,) in [0, 1], 1 if near."""

    def member(self, index: int) -> 'WorldModel':
        """Return one member as a model of its own."""


class WorldModelLearner(Protocol):
    """A System A that learns. Its settings and weights are those of `snapshot`."""

    @property
    def spec(self) -> ObservationSpec:
        """What it observes."""

    @property
    def lineage(self) -> str:
        """Hexadecimal, from the seed."""

    @property
    def version(self) -> int:
        """Count of updates."""

    @classmethod
    def create(cls, config: Any, spec: ObservationSpec, seed: int) -> 'WorldModelLearner':
        """Begin a new lineage; the seed decides weights and lineage."""

    @classmethod
    def restore(cls, source: Snapshot, spec: ObservationSpec) -> 'WorldModelLearner':
        """Go on from a snapshot; raises SnapshotError where it does not fit."""

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
        """Return the model as it is now, in tensors of its own."""

    def snapshot(self) -> Snapshot:
        """Return a system_a snapshot: the graphs of `export.py`, and the weights."""


class WorldModelSettings(Protocol):
    """A frozen dataclass of fields made by `config.setting`; its class is the entry."""

    implementation: ClassVar[str]     # the entry's name, which snapshots carry

    @property
    def batch(self) -> int:
        """Windows of an update."""

    @property
    def horizon(self) -> int:
        """Steps L of a window, at most."""

    @staticmethod
    def learner() -> type[WorldModelLearner]:
        """Import and return what learns with these settings."""


def learner_of(source: Snapshot) -> type[WorldModelLearner]:
    """
    Return the class that wrote a system_a snapshot and can read it.

    :raises ConfigError: it is of a System A that is not installed.
    """
    name = str(source.meta.get('implementation', BUILT_IN))
    made: type[WorldModelLearner] = WORLD_MODELS.get(name).learner()
    return made
