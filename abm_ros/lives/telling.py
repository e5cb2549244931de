"""The telemetry that the nodes would send, made of an agent and its life in one process."""

import math
from dataclasses import replace

import numpy as np

from abm_ros.agent.agent import Agent
from abm_ros.agent.imagining import Dreamt
from abm_ros.agent.life import Life, channels_of
from abm_ros.common.telemetry import (
    EpisodicMemoryTelemetry,
    GraphTelemetry,
    MotorGateTelemetry,
    SensoryGateTelemetry,
    SystemALearnerTelemetry,
    SystemATelemetry,
    SystemBLearnerTelemetry,
    SystemBTelemetry,
)
from abm_ros.common.transition import Observation
from abm_ros.lives.appraising import Appraising
from abm_ros.lives.settings import LifeSettings
from abm_ros.memory.replay.draw import Draw
from abm_ros.meta.wiring import Row
from abm_ros.policy.episodes import EpisodeTracker
from abm_ros.policy.exploration import Aim
from abm_ros.policy.recent_acts import RecentActs
from abm_ros.robot.detect.config import DetectorConfig
from abm_ros.robot.efforts import Efforts
from abm_ros.world_model.worlds.count import WorldCount

_ACTIVE = 'active'


class Telling:
    """
    Follows a life as the nodes do, and tells System M of it.

    :param rng: draws what System A's model is judged by: the only randomness.
    """

    def __init__(self, settings: LifeSettings, life: Life, agent: Agent,
                 rng: np.random.Generator) -> None:
        detectors = DetectorConfig()
        self._settings, self._life, self._agent, self._rng = settings, life, agent, rng
        self._efforts = Efforts(detectors.force_hold_s, detectors.effort_timeout_s)
        self._tracker = EpisodeTracker(settings.pace.success_window)
        self._acts = RecentActs()
        self._worlds = WorldCount(settings.agent.worlds.max_steps)
        self._appraising = Appraising(agent, settings.appraisal, rng)
        self._ranks, self._checked = (math.nan, math.nan), 0
        self._dreamt, self._refusals = Dreamt(), 0
        self._imagined = self._dreamed = 0
        self._observations = self._latents = self._commands = 0
        self._energy, self._open = 1.0, False

    @property
    def pain(self) -> float:
        """The held peak of efforts, as a share of their limits."""
        return self._efforts.peak(self._life.now_s)

    def felt(self) -> None:
        """Follow what the sensory gate reads of the body beside observations."""
        state = self._life.state
        self._energy = float(state.energy)
        channels, _, _, effort = channels_of(state)
        self._efforts.take(self._life.limits, channels, effort.tolist(), self._life.now_s)

    def perceived(self, observation: Observation) -> None:
        """Follow what System A makes of an observation."""
        self._observations += 1
        self._latents += 1
        percept = self._agent.percept
        if percept is not None and percept.world is not None:
            self._worlds.take(observation.stamp_ns, percept.world)
        self._appraising.observed(observation)

    def acted(self, observation: Observation, action: np.ndarray) -> None:
        """Follow an action (A,) of System B."""
        agent, spec = self._agent, self._life.spec
        self._commands += 1
        self._acts.take(action, searched=agent.deliberates)
        reached = observation.success
        if reached is None:
            reached = bool(spec.reached(observation.vector[spec.goal_slice], observation.goal))
        self._tracker.observe(
            begins=observation.step == 0, whole=observation.whole, reached=reached,
            counts=agent.aim is Aim.PURSUE and agent.objective.seeks_goal)

    def entered(self, row: Row) -> None:
        """Follow a change of mode."""
        self._open = row.motors_open
        self._acts.clear()
        self._tracker.interrupt()
        self._dreamt = replace(self._dreamt, reason='')

    def dreamed(self, dreamt: Dreamt) -> None:
        """Follow a burst of imagination."""
        refused = bool(dreamt.reason) and not self._dreamt.reason
        self._dreamt, self._refusals = dreamt, self._refusals + refused
        self._imagined += dreamt.kept
        self._dreamed += dreamt.transitions

    def telemetry(self, row: Row) -> GraphTelemetry:
        """
        Return what all nodes tell now.

        :param row: of the mode in force.
        """
        self._judge()
        self._appraising.appraise(self._life.now_s)
        now_s, agent = self._life.now_s, self._agent
        learner_a, learner_b = self._learners(lives=row.motors_open)
        return GraphTelemetry(
            EpisodicMemoryTelemetry(
                state=_ACTIVE, recorded=agent.transitions, served=agent.counts.served,
                trouble=0.0, imagined=self._imagined,
                imagined_served=agent.counts.imagined_served, transitions=len(agent.replay),
                novelty=self._appraising.novelty),
            learner_a, learner_b, self._system_a(), self._system_b(),
            SensoryGateTelemetry(
                state=_ACTIVE, energy=self._energy, effort_ratio=self._efforts.ratio(now_s),
                effort_peak=self._efforts.peak(now_s), observations=self._observations,
                described=1.0),
            MotorGateTelemetry(
                state=_ACTIVE, open=float(self._open), commands=self._commands, held=0.0))

    def _learners(self, *, lives: bool
                  ) -> tuple[SystemALearnerTelemetry, SystemBLearnerTelemetry]:
        agent, schedule = self._agent, self._settings.agent.schedule
        asked = (schedule.updates_in(max(2, agent.rounds)) / schedule.learn_every
                 if lives and agent.rounds else 0.0)
        actor = agent.actor
        return (
            SystemALearnerTelemetry(
                state=_ACTIVE, updates=agent.counts.updates_a, rounds=agent.rounds,
                asked=asked if agent.learning.plasticity_a > 0 else 0.0,
                version=agent.world.version or -1, effective_rank=self._ranks[0],
                observation_rank=self._ranks[1]),
            SystemBLearnerTelemetry(
                state=_ACTIVE, updates=agent.counts.updates_b, rounds=agent.rounds,
                asked=asked if agent.learning.plasticity_b > 0 else 0.0,
                version=actor.version if actor is not None else -1))

    def _system_b(self) -> SystemBTelemetry:
        tracker, rate = self._tracker, self._tracker.rate
        return SystemBTelemetry(
            state=_ACTIVE, episodes=tracker.episodes, successes=tracker.successes,
            version=self._agent.acting_version,
            success_rate=math.nan if rate is None else rate,
            deliberation=self._acts.deliberation, action_spread=self._acts.spread)

    def _system_a(self) -> SystemATelemetry:
        percept, dreamt = self._agent.percept, self._dreamt
        told = SystemATelemetry(
            state=_ACTIVE, latents=self._latents, dreamed=self._dreamed,
            dreams_refused=self._refusals, dream_error=dreamt.error, dream_trouble=dreamt.reason)
        if percept is None:
            return told
        return self._worlds.tell_system_m(replace(
            told, uncertainty=percept.uncertainty, prediction_error=percept.prediction_error), '')

    def _judge(self) -> None:
        """Measure the latents' rank once per round, as System A's learner does now and then."""
        agent = self._agent
        if agent.rounds == self._checked:
            return
        from abm_ros.world_model.evaluation import evaluate
        self._checked = agent.rounds
        world = self._settings.agent.world
        found = evaluate(agent.world.freeze(), agent.replay.draw(
            self._rng, Draw(world.batch, world.horizon)))
        self._ranks = found['effective_rank'], found['observation_rank']
