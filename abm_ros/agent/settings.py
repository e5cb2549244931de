"""The settings of the in-process agent, and what System M sets and counts of its learning."""

from dataclasses import dataclass, field

from abm_ros.memory.appraisal import AppraisalConfig
from abm_ros.memory.replay.draw import UNIFORM
from abm_ros.memory.replay.imagined import ImaginedConfig
from abm_ros.memory.replay.index import ReplayConfig
from abm_ros.memory.schedule import ScheduleConfig, WarmUpConfig
from abm_ros.memory.showings import ShowingConfig
from abm_ros.policy.config import ActorConfig
from abm_ros.policy.contract import PolicySettings
from abm_ros.policy.controller import ControllerConfig
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.contract import WorldModelSettings
from abm_ros.world_model.dreams import DreamConfig
from abm_ros.world_model.worlds.config import WorldsConfig


@dataclass(frozen=True)
class AgentSettings:
    """The settings of all parts of the in-process agent; they say which Systems A and B it has."""

    warm_up: WarmUpConfig = field(default_factory=WarmUpConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    replay: ReplayConfig = field(default_factory=ReplayConfig)
    world: WorldModelSettings = field(default_factory=WorldModelConfig)
    actor: PolicySettings = field(default_factory=ActorConfig)
    planner: ControllerConfig = field(default_factory=ControllerConfig)
    worlds: WorldsConfig = field(default_factory=WorldsConfig)
    dreams: DreamConfig = field(default_factory=DreamConfig)
    imagined: ImaginedConfig = field(default_factory=ImaginedConfig)
    appraisal: AppraisalConfig = field(default_factory=AppraisalConfig)
    showings: ShowingConfig = field(default_factory=ShowingConfig)


@dataclass(frozen=True)
class Learning:
    """What System M sets of learning: factors of the learning rates, and what replay prefers."""

    plasticity_a: float = 1.0
    plasticity_b: float = 1.0
    pick: str = UNIFORM


@dataclass
class Counts:
    """What was done since the birth: updates of both learners, and windows that were replayed."""

    updates_a: int = 0
    updates_b: int = 0
    served: int = 0
    imagined_served: int = 0
