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

from collections.abc import Mapping, Sequence
from copy import deepcopy
from math import nan

import numpy as np

from abm_ros.agent.imagining import Dreamt, Imagination
from abm_ros.agent.settings import AgentSettings, Counts, Learning
from abm_ros.agent.sleeping import Slept, appraise
from abm_ros.common import names
from abm_ros.common.errors import StoreError
from abm_ros.common.seeds import derive_seed, generator
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Batch, Observation, Step
from abm_ros.memory.recorder import Recorder
from abm_ros.memory.replay.draw import REVERSE, UNIFORM, Draw
from abm_ros.memory.replay.index import ReplayIndex
from abm_ros.memory.replay.order import PLANNED, kind_of
from abm_ros.memory.rounds import CHUNK, CONSOLIDATION_UPDATES
from abm_ros.memory.schedule import VALUE_HORIZON, Experience
from abm_ros.memory.showings import Showings
from abm_ros.policy.contract import PolicyLearner, learn_from
from abm_ros.policy.controller import Controller
from abm_ros.policy.exploration import Aim
from abm_ros.policy.planner import Objective
from abm_ros.world_model.contract import WorldModelLearner
from abm_ros.world_model.perception import PerceivingModel, Percept, Perception


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
        self.learning, self.counts = Learning(), Counts()
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
        self._showings = Showings(settings.showings, spec, self.replay.shown)
        self._actor_seed = derive_seed(seed, 'system_b_learner')
        self._last: Observation | None = None
        self._executed: np.ndarray | None = None

    @property
    def aim(self) -> Aim:
        """What the episode is spent on."""
        return self._behaviour.aim

    @property
    def acting_version(self) -> int:
        """Updates behind the policy that acts; -1 without one."""
        return self._behaviour.version

    @property
    def deliberates(self) -> bool:
        """Whether the next action was searched for."""
        return self._behaviour.deliberates

    @property
    def model(self) -> PerceivingModel | None:
        """System A's model that perceives; None before there is one."""
        return self._perception.model

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

    def perceive(self, observation: Observation, *, records: bool) -> None:
        """
        Perceive without acting: the motors are shut.

        :param records: whether memory takes the observation.
        """
        if records:
            self._take(self._recorder.observed(observation))
        follows = self._last is not None and observation.follows(self._last)
        self.percept = self._perception.observe(observation.vector, None, not follows)
        self._last, self._executed = observation, None

    def interrupt(self, mode: str = '') -> None:
        """
        Settle what memory waits for, since another mode begins.

        :param mode: is written with each step from here on.
        """
        self._take(self._recorder.cut())
        self._recorder.mode = mode
        self._last = self._executed = None

    def executed(self, stamp_ns: int, action: np.ndarray, teacher: str = '') -> None:
        """Take the action (A,) that the motor guard let through, a teacher's if one is named."""
        self._executed = np.asarray(action, np.float32)
        self._take(self._recorder.executed(stamp_ns, self._executed, teacher))

    @property
    def teachers(self) -> Mapping[str, tuple[int, int]]:
        """How many demonstrations of each teacher held, and how many were refuted."""
        return self.replay.shown.evidence()

    def trust(self, trusted: Mapping[str, float]) -> None:
        """Trust teachers so from now on."""
        self.replay.shown.trusted = dict(trusted)

    def show(self, seen: Sequence[Observation]) -> int:
        """
        Take a demonstration between two episodes, as in mode `imitate`.

        :return: how many transitions were added; what they teach is learned when rounds are due.
        :raises SpecError: why it is refused.
        """
        self._take(self._recorder.cut())
        self._last = None
        for one in seen:
            if self._showings.take(one):
                steps = self._showings.steps(self._perception.model, self.replay.usual_step(),
                                             self._recorder.claim())
                self._take(steps)
                self._behaviour.watch(one.vector[self._spec.goal_slice],
                                      success=steps[-1].success)
                return len(steps) - 1
        return 0

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
        self.consolidate(updates, updates)

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
            self.consolidate(updates, updates, slept, preference)
            slept.end_round(updates, quota, least_gain)
        return slept

    def sweep_values(self, updates: int) -> None:
        """Learn values from reverse replay, as in rest; nothing before an episode ended."""
        cfg, factor = self.settings, self.learning.plasticity_b
        if self.actor is None or factor <= 0:
            return
        model = self.world.freeze()
        for _ in range(updates):
            try:
                batch = self.replay.draw(self._draw_b, Draw(
                    cfg.actor.batch, VALUE_HORIZON, REVERSE, hindsight=cfg.replay.hindsight,
                    events=cfg.replay.events))
            except StoreError:
                break
            self.counts.served += len(batch.mask)
            self.counts.updates_b += 1
            learn_from(self.actor, model, batch, factor, backwards=True)
        self._behaviour.load(self.actor.snapshot(model))

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

    def copy(self) -> 'Agent':
        """Return an agent with the same models and memory, which lives on for itself."""
        twin = Agent(self.settings, self._spec, self._seed)
        twin.objective, twin.transitions = self.objective, self.transitions
        twin.replay = deepcopy(self.replay)
        twin._showings = Showings(self.settings.showings, self._spec, twin.replay.shown)
        world, actor = self.snapshots()
        if actor is not None:
            twin.adopt(world, actor)
        return twin

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
            self.actor.learn(model, self._drawn_for_b(source), self.learning.plasticity_b)
            dreamt.updates += 1
            if dreamt.updates % CONSOLIDATION_UPDATES == 0 or dreamt.updates == updates:
                self._behaviour.load(self.actor.snapshot(model))
        return dreamt

    def consolidate(self, updates_a: int, updates_b: int, slept: Slept | None = None,
                    preference: str = '') -> None:
        """
        Learn from what was lived: so many updates of A, then of B, in the model that A has then.

        :param slept: counts what is replayed; the order of `planned` replay goes on from it.
        :param preference: what replay prefers, '' for what System M set.
        """
        cfg, learning, slept = self.settings, self.learning, slept or Slept()
        preference = preference or learning.pick
        updates_a = updates_a if learning.plasticity_a > 0 else 0
        updates_b = updates_b if learning.plasticity_b > 0 else 0
        if updates_a:
            self.replay.learned = self.replay.count
        for update in range(slept.updates, slept.updates + updates_a):
            kind = kind_of(preference, names.SYSTEM_A_LEARNER, update // CHUNK)
            batch = self.replay.draw(self._draw_a, Draw(
                cfg.world.batch, cfg.world.horizon, kind,
                hindsight=cfg.replay.hindsight, events=cfg.replay.events))
            self.counts.served += len(batch.mask)
            slept.of_a.take(self.world.learn(batch, learning.plasticity_a).get('loss', nan))
            slept.replayed(batch)
        self.counts.updates_a += updates_a
        if not self.world.version:
            return                  # System B cannot begin before System A
        model = self.world.freeze()
        if self.actor is None:
            self.actor = cfg.actor.learner().create(cfg.actor, model, self._actor_seed)
        for update in range(slept.updates, slept.updates + updates_b):
            kind = kind_of(preference, names.SYSTEM_B_LEARNER, update // CHUNK)
            batch = self._drawn_for_b('lived', kind)
            metrics = learn_from(self.actor, model, batch, learning.plasticity_b,
                                 backwards=kind == REVERSE)
            slept.of_b.take(metrics.get('actor_loss', nan))
            slept.replayed(batch)
        self._perception.load(self.world.snapshot())
        self._behaviour.load(self.actor.snapshot(model))

    def _drawn_for_b(self, source: str, kind: str = UNIFORM) -> Batch:
        cfg, imagined = self.settings, source == 'imagined'
        memory = self._imagination.replay if imagined else self.replay
        batch = memory.draw(self._draw_b, Draw(
            cfg.actor.batch, VALUE_HORIZON, kind, hindsight=cfg.replay.hindsight,
            events=cfg.replay.events, source=source, keep=1))
        self.counts.updates_b += 1
        self.counts.served += len(batch.mask)
        self.counts.imagined_served += len(batch.mask) if imagined else 0
        return batch

    def snapshots(self) -> tuple[Snapshot, Snapshot | None]:
        """Return what both learners would publish now; None for a B that never learned."""
        return (self.world.snapshot(),
                None if self.actor is None else self.actor.snapshot(self.world.freeze()))
