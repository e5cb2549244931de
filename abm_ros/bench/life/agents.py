"""The agents of `abm bench life`: what each of them does at a change of the world."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from abm_ros.agent.agent import Agent
from abm_ros.agent.frozen import FrozenAgent
from abm_ros.agent.life import Acting
from abm_ros.agent.settings import AgentSettings
from abm_ros.common.errors import ConfigError
from abm_ros.common.seeds import derive_seed, generator
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Observation
from abm_ros.policy.planner import Objective
from abm_ros.world_model.worlds.config import WorldsConfig

# Of those with a grid, each size is an agent of its own, NAME-N, and NAME is the best of them.
GRIDS = {'recent': (100, 300, 1000), 'fixed_schedule': (100, 300, 1000),
         'random_switch': (100, 300, 1000)}
SB3 = {'sb3_sac': 'sac-her', 'sb3_tqc': 'tqc-her'}
# Under System M, which may not enter these modes.
MANAGED: dict[str, tuple[str, ...]] = {'managed': (), 'no_sleep': ('sleep', 'rest', 'imagine')}
NAMES = ('abm', 'always', 'reset', 'frozen', *MANAGED, *GRIDS, *SB3)
_UNBELIEVABLE = 1000.0     # evidence that no change ever has


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
        self._acting: Acting = self.agent
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


@dataclass
class Scheduled(Contender):
    """
    Turns to another world by the clock, not by evidence.

    :param every: steps between two turns.
    :param whims: decides the steps, `every` on average, and which world; None turns to a new
        world each time.
    """

    every: int = 300
    whims: np.random.Generator | None = None
    _steps: int = 0

    def act(self, observation: Observation) -> np.ndarray:
        """As `Agent.act`."""
        self._steps += 1
        if self.whims is None:
            if self._steps % self.every == 0:
                self.agent.turn_to(None)
        elif self.whims.random() < 1.0 / self.every:
            known = self.agent.worlds
            choice = int(self.whims.integers(len(known) + 1))
            self.agent.turn_to(known[choice] if choice < len(known) else None)
        return super().act(observation)


class Foreign:
    """An agent of another library: it is told of nothing, and tells no worlds apart."""

    world = 0

    def __init__(self, acting: Acting) -> None:
        self.act, self.executed = acting.act, acting.executed

    def changed(self) -> None:
        """Let the world change."""


def contender(name: str, spec: ObservationSpec, seed: int, objective: Objective, body: str
              ) -> Contender | Foreign:
    """
    Make an agent by name.

    :param body: the name of the body.
    :raises ConfigError: the name is unknown, or its library is not installed.
    """
    check(name)
    if name in SB3:
        from abm_ros.bench.life.sb3 import Sb3Learner
        return Foreign(Sb3Learner(SB3[name], spec, body, seed))
    kind, _, size = name.partition('-')
    settings = AgentSettings(worlds=WorldsConfig(worlds=name == 'abm'))
    if kind == 'recent':
        settings = replace(settings, replay=replace(settings.replay, capacity=int(size)))
    if kind in ('fixed_schedule', 'random_switch'):
        settings = replace(settings, worlds=WorldsConfig(
            worlds=True, evidence=_UNBELIEVABLE, recall_evidence=_UNBELIEVABLE))

    def make(seed: int) -> Agent:
        agent = Agent(settings, spec, seed)
        agent.objective = objective
        return agent

    if kind == 'fixed_schedule':
        return Scheduled(make, spec, seed, every=int(size))
    if kind == 'random_switch':
        return Scheduled(make, spec, seed, every=int(size),
                         whims=generator(seed, 'bench/random_switch'))
    return Contender(make, spec, seed, name == 'reset', name == 'frozen')


def check(name: str) -> None:
    """
    Refuse a name that is none.

    :raises ConfigError: naming those that there are.
    """
    kind, _, size = name.partition('-')
    sized = kind in GRIDS and size.isdigit() and int(size) >= 2
    if not sized and (name not in NAMES or name in GRIDS):
        raise ConfigError(f"agent '{name}' is unknown, expected some of {', '.join(NAMES)}; "
                          f'{", ".join(GRIDS)} with -N for one size')


def expanded(text: str) -> list[str]:
    """
    Return the agents of a list of names, each grid as its sizes.

    :raises ConfigError: a name is unknown.
    """
    found: list[str] = []
    for name in (part.strip() for part in text.split(',') if part.strip()):
        sizes = GRIDS.get(name)
        found += [name] if sizes is None else [f'{name}-{size}' for size in sizes]
    for name in found:
        check(name)
    return list(dict.fromkeys(found))
