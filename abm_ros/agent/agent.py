"""
The whole agent in one process, in lock-step: Systems A and B, memory and both learners.

It takes the very steps that the graph takes with `exact_rounds`, bit for bit. For every
observation, in this order:

1. memory settles the step before it (`Recorder`), which then counts as a transition if it has an
   action; n counts transitions since the warm-up (`Experience`);
2. when round r = `ScheduleConfig.round_at(n)` is due, memory draws the round's batches for A from
   the generator 'episodic_memory/system_a_learner'; A takes a step on each and publishes; memory
   draws the round's batches for B from 'episodic_memory/system_b_learner'; B takes a step on each
   in the model that A just published, and publishes;
3. A encodes with the newest snapshot, B answers with the plan that it prepared;
4. A measures its prediction of this observation, B prepares the next action.
"""

from dataclasses import dataclass, field
from math import nan

import numpy as np

from abm_ros.agent.imagining import Dreamt, Imagination
from abm_ros.agent.sleeping import Slept, appraise
from abm_ros.common import names
from abm_ros.common.seeds import derive_seed, generator
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Batch, Observation, Step
from abm_ros.memory.appraisal import AppraisalConfig
from abm_ros.memory.recorder import Recorder
from abm_ros.memory.replay.draw import REVERSE, UNIFORM, Draw
from abm_ros.memory.replay.imagined import ImaginedConfig
from abm_ros.memory.replay.index import ReplayConfig, ReplayIndex
from abm_ros.memory.replay.order import PLANNED, kind_of
from abm_ros.memory.rounds import CHUNK, CONSOLIDATION_UPDATES
from abm_ros.memory.schedule import VALUE_HORIZON, Experience, ScheduleConfig, WarmUpConfig
from abm_ros.policy.config import ActorConfig
from abm_ros.policy.contract import PolicyLearner, PolicySettings, learn_from
from abm_ros.policy.controller import Controller, ControllerConfig
from abm_ros.policy.exploration import Aim
from abm_ros.policy.planner import Objective
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.contract import WorldModelLearner, WorldModelSettings
from abm_ros.world_model.dreams import DreamConfig
from abm_ros.world_model.perception import Percept, Perception
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


class Agent:
    """
    Composes the very classes that the nodes run.

    :param settings: of all parts.
    :param spec: what the body observes and takes.
    :param seed: decides every random choice.
    """

    def __init__(self, settings: AgentSettings, spec: ObservationSpec, seed: int) -> None:
        self.settings = settings
        self.objective = Objective()
        self.transitions = self.rounds = 0
        self.percept: Percept | None = None
        self.world: WorldModelLearner = settings.world.learner().create(
            settings.world, spec, derive_seed(seed, 'system_a_learner'))
        self.actor: PolicyLearner | None = None
        self.replay = ReplayIndex(spec, settings.replay.capacity)
        self._spec, self._seed = spec, seed
        self._recorder = Recorder(spec, 0)
        self._experience = Experience(settings.warm_up, spec)
        self._perception = Perception(spec, settings.worlds)
        self._behaviour = Controller(spec, settings.planner, generator(seed, 'system_b'))
        self._draw_a = generator(seed, 'episodic_memory/system_a_learner')
        self._draw_b = generator(seed, 'episodic_memory/system_b_learner')
        self._seeds = generator(seed, 'episodic_memory/system_a')
        self._appraised = generator(seed, 'episodic_memory/appraising')
        self._imagination = Imagination(settings.dreams, settings.imagined, spec, self._seeds)
        self._actor_seed = derive_seed(seed, 'system_b_learner')
        self._last: Observation | None = None
        self._executed: np.ndarray | None = None

    @property
    def aim(self) -> Aim:
        """What the episode is spent on."""
        return self._behaviour.aim

    @property
    def believed_world(self) -> int:
        """Number of the world that System A believes to be in."""
        worlds = self._perception.worlds
        return worlds.world if worlds is not None else 0

    @property
    def worlds(self) -> list[int]:
        """Numbers of the worlds that are remembered."""
        worlds = self._perception.worlds
        return sorted(worlds.maps) if worlds is not None else [0]

    def turn_to(self, world: int | None) -> None:
        """Believe in a world whatever the evidence says; None for a new one."""
        worlds = self._perception.worlds
        if worlds is not None:
            self.replay.enter_world(worlds.turn_to(world), 0)

    def act(self, observation: Observation) -> np.ndarray:
        """Return the action (A,) float32 in [-1, 1] for an observation; learn when it is due."""
        self._take(self._recorder.observed(observation))
        while self.settings.schedule.round_at(self._experience.count) > self.rounds:
            self._learn()
        follows = self._last is not None and observation.follows(self._last)
        latent = self._perception.encode(observation.vector)
        action = self._behaviour.act(latent, self._perception.lineage, observation.goal,
                                     observation.step == 0, self.objective,
                                     self._perception.actuators)
        self.percept = self._perception.observe(
            observation.vector, self._executed if follows else None, not follows)
        self._last, self._executed = observation, None
        if self.percept.world is not None:
            self.replay.follow(self.percept.world)
        self._behaviour.prepare(observation.vector[self._spec.goal_slice],
                                success=observation.success, reward=observation.reward)
        return action

    def executed(self, stamp_ns: int, action: np.ndarray) -> None:
        """Take the action (A,) that the motor guard let through for the observation stamped so."""
        self._executed = np.asarray(action, np.float32)
        self._take(self._recorder.executed(stamp_ns, self._executed))

    def _take(self, steps: list[Step]) -> None:
        for step in steps:
            self.replay.append(step)
            acted = step.action is not None
            self.transitions += acted
            self._experience.take(step.episode, step.index, step.observation, acted=acted)

    def _learn(self) -> None:
        """Run the next learning round."""
        cfg = self.settings
        self.rounds += 1
        updates = cfg.schedule.updates_in(self.rounds)
        self._train(updates, updates)

    def consolidate(self, updates_a: int, updates_b: int) -> None:
        """Learn from what was lived, as in sleep: so many updates of A, then of B."""
        self._train(updates_a, updates_b)

    def sleep(self, quota: int, least_gain: float = 0.0, preference: str = PLANNED) -> Slept:
        """
        Consolidate in rounds until it gains nothing more, or the quota is reached.

        :param quota: the most updates of each system.
        :param least_gain: gain of `memory.progress` below which sleep ends once both systems have
            less; 0 for the quota alone.
        :param preference: what replay prefers, of `memory.replay.order`.
        :raises StoreError: nothing was lived.
        """
        slept = Slept()
        while not slept.reason:
            if self._perception.model is not None:
                appraise(self.replay, self._perception.model, self.settings.appraisal,
                         self._appraised)
            updates = min(CONSOLIDATION_UPDATES, quota - slept.updates)
            self._train(updates, updates, preference, slept)
            slept.end_round(updates, quota, least_gain)
        return slept

    def adopt(self, world: Snapshot, actor: Snapshot) -> None:
        """
        Go on with these models; what was imagined with others is dropped.

        Draws from memory are then those of these models' versions: what is tried from the same
        models differs by what is tried alone.

        :raises SnapshotError: they do not fit the spec or each other.
        """
        self.world = type(self.world).restore(world, self._spec)
        model = self.world.freeze()
        self.actor = self.settings.actor.learner().restore(actor, model)
        self._draw_a, self._draw_b, self._appraised, self._seeds = (
            generator(self._seed, f'adopted/{world.version}/{actor.version}/{name}')
            for name in ('a', 'b', 'appraising', 'seeds'))
        self._imagination = Imagination(self.settings.dreams, self.settings.imagined, self._spec,
                                        self._seeds)
        self._perception.load(self.world.snapshot())
        self._behaviour.load(self.actor.snapshot(model))

    def imagine(self, updates: int, objective: Objective) -> Dreamt:
        """
        Dream, and let B learn from what was lived and what was dreamed in turn; A learns nothing.

        Where nothing can be dreamed, and `reason` says why, B learns from what was lived alone.

        :param updates: of B.
        :param objective: what System M asks of System B while it dreams.
        """
        dreamt, model = Dreamt(), self.world.freeze()
        while dreamt.updates < updates and self.actor is not None:
            if self._imagination.replay.wants_more and not dreamt.reason:
                self._imagination.dream(self._perception, self._behaviour, self.replay, objective,
                                        dreamt)
            source = 'imagined' if dreamt.updates % 2 and dreamt.kept else 'lived'
            self.actor.learn(model, self._drawn_for_b(source))
            dreamt.updates += 1
            if dreamt.updates % CONSOLIDATION_UPDATES == 0 or dreamt.updates == updates:
                self._behaviour.load(self.actor.snapshot(model))
        return dreamt

    def _train(self, updates_a: int, updates_b: int, preference: str = UNIFORM,
               slept: Slept | None = None) -> None:
        cfg, slept = self.settings, slept or Slept()
        if updates_a:
            self.replay.learned = self.replay.count
        for update in range(slept.updates, slept.updates + updates_a):
            batch = self.replay.draw(self._draw_a, Draw(
                cfg.world.batch, cfg.world.horizon,
                kind_of(preference, names.SYSTEM_A_LEARNER, update // CHUNK),
                hindsight=cfg.replay.hindsight, events=cfg.replay.events))
            slept.of_a.take(self.world.learn(batch).get('loss', nan))
            slept.replayed(batch)
        model = self.world.freeze()
        if self.actor is None:
            self.actor = cfg.actor.learner().create(cfg.actor, model, self._actor_seed)
        for update in range(slept.updates, slept.updates + updates_b):
            kind = kind_of(preference, names.SYSTEM_B_LEARNER, update // CHUNK)
            batch = self._drawn_for_b('lived', kind)
            metrics = learn_from(self.actor, model, batch, backwards=kind == REVERSE)
            slept.of_b.take(metrics.get('actor_loss', nan))
            slept.replayed(batch)
        self._perception.load(self.world.snapshot())
        self._behaviour.load(self.actor.snapshot(model))

    def _drawn_for_b(self, source: str, kind: str = UNIFORM) -> Batch:
        cfg = self.settings
        memory = self._imagination.replay if source == 'imagined' else self.replay
        return memory.draw(self._draw_b, Draw(
            cfg.actor.batch, VALUE_HORIZON, kind, hindsight=cfg.replay.hindsight,
            events=cfg.replay.events, source=source, keep=1))

    def snapshots(self) -> tuple[Snapshot, Snapshot | None]:
        """Return what both learners would publish now; None for a B that never learned."""
        return (self.world.snapshot(),
                None if self.actor is None else self.actor.snapshot(self.world.freeze()))
