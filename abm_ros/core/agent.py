"""
The whole agent in one process, in lock-step: Systems A and B, memory and both learners.

The schedule, which the nodes follow too, counts recorded transitions n (steps with an action):

1. `act`: A perceives, B answers with what it prepared.
2. `record`: B prepares the next action with the models it has; the step is appended; n += 1.
3. A learning round runs when n >= warm_up and (n - warm_up) % learn_every == 0:
   a. memory draws `updates_a` batches (`first_updates` in the first round) for A, one after
      another, from the generator 'episodic_memory/system_a_learner'; A takes a step on each and
      publishes a snapshot;
   b. memory draws `updates_b` batches (`first_updates` in the first round) for B from the
      generator 'episodic_memory/system_b_learner'; B takes a step on each in the model of the
      snapshot of (a) and publishes its own;
   c. both snapshots are loaded before the next observation.
4. `finish`, at the last observation of an episode: A perceives, the step is appended without an
   action; it is no transition and triggers no round.
"""

from dataclasses import dataclass, field

import numpy as np

from abm_ros.core import actor, actor_snapshot, config, world_model
from abm_ros.core.actor import ActorConfig
from abm_ros.core.behaviour import Behaviour
from abm_ros.core.config import setting
from abm_ros.core.errors import SpecError
from abm_ros.core.latent_model import WorldModelConfig
from abm_ros.core.perception import Percept, Perception
from abm_ros.core.planner import Drive, PlannerConfig
from abm_ros.core.replay import ReplayIndex
from abm_ros.core.seeds import derive_seed, generator
from abm_ros.core.snapshot import Snapshot
from abm_ros.core.spec import ObservationSpec
from abm_ros.core.transition import Step


@dataclass(frozen=True)
class AgentConfig:
    """When the learners learn."""

    warm_up: int = setting(50, 'transitions of babbling before the first learning round', low=1)
    learn_every: int = setting(10, 'transitions between learning rounds', low=1)
    updates_a: int = setting(40, "System A's updates per round", low=0)
    updates_b: int = setting(40, "System B's updates per round", low=0)
    first_updates: int = setting(200, 'updates of each in the first round', low=0)

    def __post_init__(self) -> None:
        config.check(self)

    def updates(self, transitions: int) -> tuple[int, int]:
        """Return how often A and B learn after this many transitions; (0, 0) for no round."""
        since = transitions - self.warm_up
        if since < 0 or since % self.learn_every:
            return 0, 0
        if since == 0:
            return self.first_updates, self.first_updates
        return self.updates_a, self.updates_b


@dataclass(frozen=True)
class AgentSettings:
    """The settings of all parts of the in-process agent."""

    schedule: AgentConfig = field(default_factory=AgentConfig)
    world: WorldModelConfig = field(default_factory=WorldModelConfig)
    actor: ActorConfig = field(default_factory=ActorConfig)
    planner: PlannerConfig = field(default_factory=PlannerConfig)


class Agent:
    """
    Composes the very classes that the nodes run.

    :param settings: of all parts.
    :param spec: what the body observes and takes.
    :param replay: the memory's index, empty or filled from the durable record.
    :param seed: decides every random choice.
    """

    def __init__(self, settings: AgentSettings, spec: ObservationSpec, replay: ReplayIndex,
                 seed: int) -> None:
        self.settings = settings
        self.drive = Drive()
        self.transitions = 0
        self.percept: Percept | None = None
        self.world = world_model.create(settings.world, spec,
                                        derive_seed(seed, 'system_a_learner'))
        self.actor: actor.ActorState | None = None
        self._spec = spec
        self._replay = replay
        self._perception = Perception(spec)
        self._behaviour = Behaviour(spec, settings.planner, generator(seed, 'system_b'))
        self._draw_a = generator(seed, 'episodic_memory/system_a_learner')
        self._draw_b = generator(seed, 'episodic_memory/system_b_learner')
        self._actor_seed = derive_seed(seed, 'system_b_learner')
        self._episode = self._index = -1
        self._executed: np.ndarray | None = None
        self._pending: tuple[np.ndarray, np.ndarray] | None = None

    def act(self, observation: np.ndarray, goal: np.ndarray, episode: int) -> np.ndarray:
        """
        Return the action (A,) in [-1, 1] for an observation (D,) and a goal (G,).

        :param episode: its number; another one than before means that the body was reset.
        """
        new = episode != self._episode
        self._index = 0 if new else self._index + 1
        self._episode = episode
        self.percept = self._perception.observe(observation, self._executed, new)
        self._pending = (np.array(observation, np.float32), np.array(goal, np.float32))
        return self._behaviour.act(self.percept.latent, self.percept.lineage, goal, new,
                                   self.drive)

    def settle(self, executed: np.ndarray) -> None:
        """Take note of what was executed (A,) and prepare the next action, without recording."""
        self._executed = np.array(executed, np.float32)
        self._behaviour.prepare()

    def record(self, executed: np.ndarray, mode: str = 'task', success: bool = False) -> None:
        """
        Settle, append the step to memory, and learn when a round is due.

        :param executed: (A,) the action after the motor gate.
        :raises SpecError: there was no `act` before it.
        """
        if self._pending is None:
            raise SpecError('record: expected one call after each act, got one without an act')
        self.settle(executed)
        self._append(*self._pending, self._executed, mode, success)
        self._pending = None
        self.transitions += 1
        updates_a, updates_b = self.settings.schedule.updates(self.transitions)
        if updates_a or updates_b:
            self._learn(updates_a, updates_b)

    def finish(self, observation: np.ndarray, goal: np.ndarray, mode: str = 'task',
               success: bool = False) -> None:
        """Append the last observation (D,) of an episode, under the goal (G,) it was lived for."""
        self._index += 1
        self.percept = self._perception.observe(observation, self._executed, False)
        self._append(observation, goal, None, mode, success)

    def _append(self, observation: np.ndarray, goal: np.ndarray, action: np.ndarray | None,
                mode: str, success: bool) -> None:
        stamp = round((self.transitions + self._episode) * self._spec.control_period_s * 1e9)
        self._replay.append(Step(self._episode, self._index, stamp, observation, goal, action,
                                 mode, success))

    def _learn(self, updates_a: int, updates_b: int) -> None:
        cfg = self.settings
        for _ in range(updates_a):
            world_model.train_step(self.world, self._replay.sample(
                self._draw_a, cfg.world.batch, cfg.world.horizon))
        published = world_model.snapshot(self.world)
        self._perception.load(published)
        model = world_model.view(published, self._spec)
        if self.actor is None:
            self.actor = actor.create(cfg.actor, model, self._actor_seed)
        for _ in range(updates_b):
            actor.train_step(self.actor, model, self._replay.sample(
                self._draw_b, cfg.actor.batch, 1))
        self._behaviour.load(actor_snapshot.snapshot(self.actor, model))

    def snapshots(self) -> tuple[Snapshot, Snapshot | None]:
        """Return what both learners would publish now; None for a B that never learned."""
        a = world_model.snapshot(self.world)
        if self.actor is None:
            return a, None
        return a, actor_snapshot.snapshot(self.actor, world_model.view(a, self._spec))
