"""The agents of `abm bench life`: what each of them does at a change of the world."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from abm_ros.agent.agent import Agent, AgentSettings
from abm_ros.agent.frozen import FrozenAgent
from abm_ros.common.errors import ConfigError
from abm_ros.common.seeds import derive_seed, generator
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Observation
from abm_ros.policy.planner import Objective
from abm_ros.world_model.worlds.config import WorldsConfig

NAMES = ('abm', 'always', 'reset', 'frozen', 'recent-N')


@dataclass
class Contender:
    """
    One agent of a life.

    :param make: makes an agent that knows nothing, of a seed.
    :param resets: it begins anew at each change.
    :param freezes: it learns nothing from the first change on.
    """

    make: Callable[[int], Agent]
    spec: ObservationSpec
    seed: int
    resets: bool = False
    freezes: bool = False

    def __post_init__(self) -> None:
        self.agent = self.make(self.seed)
        self._acting: Agent | FrozenAgent = self.agent
        self._lives = 0

    @property
    def world(self) -> int:
        """The world that the agent believes to be in; 0 for an agent that tells none apart."""
        return self.agent.believed_world

    def changed(self) -> None:
        """Let the world change now; what the agent is told of it is its own affair."""
        self._lives += 1
        if self.resets:
            self._acting = self.agent = self.make(derive_seed(self.seed, f'reset/{self._lives}'))
        elif self.freezes and isinstance(self._acting, Agent):
            agent = self.agent
            self._acting = FrozenAgent(
                self.spec, agent.settings.planner, agent.snapshots(),
                generator(self.seed, 'bench/frozen'), replace(agent.objective, exploration=0.0))

    def act(self, observation: Observation) -> np.ndarray:
        """As `Agent.act`."""
        return self._acting.act(observation)

    def executed(self, stamp_ns: int, action: np.ndarray) -> None:
        """As `Agent.executed`."""
        self._acting.executed(stamp_ns, action)


def contender(name: str, spec: ObservationSpec, seed: int, objective: Objective) -> Contender:
    """
    Make an agent by name.

    :raises ConfigError: the name is unknown.
    """
    check(name)
    settings = AgentSettings(worlds=WorldsConfig(worlds=name == 'abm'))
    if name.startswith('recent-'):
        settings = replace(settings, replay=replace(
            settings.replay, capacity=int(name.removeprefix('recent-'))))

    def make(seed: int) -> Agent:
        agent = Agent(settings, spec, seed)
        agent.objective = objective
        return agent

    return Contender(make, spec, seed, name == 'reset', name == 'frozen')


def check(name: str) -> None:
    """
    Refuse a name that is none.

    :raises ConfigError: naming those that there are.
    """
    size = name.removeprefix('recent-')
    if name not in NAMES[:-1] and not (size != name and size.isdigit() and int(size) >= 2):
        raise ConfigError(f"agent '{name}' is unknown, expected some of {', '.join(NAMES)}")
