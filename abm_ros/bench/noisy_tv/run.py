"""The measuring half of the noisy television: a life with System M in one process."""

from dataclasses import replace
from typing import Any

import numpy as np

from abm_ros.agent.agent import Agent
from abm_ros.agent.settings import AgentSettings
from abm_ros.bench.common.life import life_in
from abm_ros.bench.noisy_tv.figures import Share
from abm_ros.bodies.distractor import distracted
from abm_ros.bodies.make import make_body
from abm_ros.common.scaling import clip_unit
from abm_ros.common.share import table_text
from abm_ros.common.telemetry import (
    GraphTelemetry,
    SystemALearnerTelemetry,
    SystemATelemetry,
    SystemBTelemetry,
)
from abm_ros.memory.schedule import ScheduleConfig
from abm_ros.meta.constraints import load_constraints
from abm_ros.meta.meta_control import MetaControl, SystemMConfig
from abm_ros.meta.modes import DESIGN
from abm_ros.meta.phi import Phi, load_phi
from abm_ros.meta.signals.averages import Average
from abm_ros.meta.wiring import NodeRow, Row, Wiring
from abm_ros.policy.episodes import EpisodeTracker
from abm_ros.policy.exploration import Aim
from abm_ros.policy.planner import Objective

_TICK_STEPS = 2          # at 20 Hz: System M decides at 10 Hz
_EVERY = 20              # one update per step: a quarter of the graph's, to be done in minutes
_WORKING = ('play', 'task', 'freeze')
_REDUCIBLE = ('uncertainty', 'learning_gain', 'novelty')
_RAW_SAMPLES = 20.0


def raw_phi(phi: Phi) -> Phi:
    """Return phi with all that play hopes to reduce replaced by raw prediction error."""
    play = phi.modes['play']
    moved = sum(play.weights.get(name, 0.0) for name in _REDUCIBLE)
    weights = {name: w for name, w in play.weights.items() if name not in _REDUCIBLE}
    weights['prediction_error'] = weights.get('prediction_error', 0.0) + moved
    return replace(phi, modes={**phi.modes, 'play': replace(play, weights=weights)})


def open_rows() -> Wiring:
    """Return the modes of the design, of which three may be entered; there is no graph to wire."""
    return Wiring([Row(mode, roles, roles.acts, True, {'motor_gate': NodeRow(True, {}, {})},
                       '' if mode in _WORKING else 'left out of this benchmark')
                   for mode, roles in DESIGN.items()])


def live(name: str, scene: str, drive: str, seed: int, steps: int) -> Share:
    """Live one life and return what it came to."""
    from torch import set_num_threads
    set_num_threads(1)
    body = distracted(make_body(name, {'seed': seed}), scene if scene != 'control' else '', seed)
    phi = load_phi(table_text('', 'phi.yaml'))
    try:
        life = life_in(body)
        agent = Agent(AgentSettings(schedule=ScheduleConfig(
            learn_every=_EVERY, updates=_EVERY, late_updates=_EVERY)), life.spec, seed)
        mind = Mind(raw_phi(phi) if drive == 'raw' else phi, drive == 'raw', agent,
                    body.control_period_s)
        for number, step in enumerate(life.live(agent), start=1):
            mind.step(step)
            if number == steps:
                break
    finally:
        body.close()
    return mind.share()


class Mind:
    """
    System M beside an in-process agent.

    :param raw: tell System M the running squared error itself as prediction_error, divided by its
        mean over the life so far (as Burda et al. 2018, sec. 2.2, divide rewards by a running
        estimate of their size), in place of its ratio to predicting no change.
    :param agent: its objective is set.
    """

    def __init__(self, phi: Phi, raw: bool, agent: Any, period_s: float) -> None:
        self._agent = agent
        self._raw = raw
        self._period_s = period_s
        wiring = open_rows()
        constraints = load_constraints(table_text('', 'constraints.yaml'), wiring.modes)
        # Overrides that need a mode that is left out are left out too.
        phi = replace(phi, overrides=tuple(r for r in phi.overrides if r.mode in _WORKING))
        self._control = MetaControl(SystemMConfig(initial_mode='play'), phi, wiring,
                                    constraints)
        self._tracker = EpisodeTracker(20)
        self._error = Average(_RAW_SAMPLES)
        self._errors = 0
        self._mean_error = 0.0
        self._number = 0
        self._modes: list[str] = []
        self._told: list[tuple[float, float]] = []
        self._take(self._control.begin(0.0))

    def step(self, step: Any) -> None:
        """Take one control step of the life; decide every other one."""
        agent, observation = self._agent, step.observation
        spec = agent.world.spec
        achieved = observation.vector[spec.goal_slice]
        self._tracker.observe(begins=observation.step == 0, whole=observation.whole,
                              reached=bool(spec.reached(achieved, observation.goal)),
                              counts=agent.aim is Aim.PURSUE and agent.objective.seeks_goal)
        if agent.percept is not None and np.isfinite(agent.percept.error):
            self._error.update(agent.percept.error)
            self._errors += 1
            self._mean_error += (agent.percept.error - self._mean_error) / self._errors
        self._number += 1
        self._modes.append(self._mode)
        if self._number % _TICK_STEPS == 0:
            telemetry = self._telemetry()
            signals = self._control.signals(telemetry)
            self._told.append((signals['uncertainty'], signals['prediction_error']))
            self._take(self._control.decide(signals, telemetry, '',
                                            self._number * self._period_s))

    def _take(self, decision: Any) -> None:
        self._mode = decision.mode
        m = decision.modulation
        self._agent.objective = Objective(m.goal_weight, m.intrinsic_weight, m.exploration)

    def _telemetry(self) -> GraphTelemetry:
        percept, told = self._agent.percept, SystemATelemetry()
        if percept is not None:
            told = SystemATelemetry(prediction_error=percept.prediction_error,
                                    uncertainty=percept.uncertainty)
        if self._raw and self._mean_error:
            told = replace(told, prediction_error=clip_unit(
                self._error.value / self._mean_error))
        return GraphTelemetry(
            system_a=told,
            system_a_learner=SystemALearnerTelemetry(version=self._agent.world.version),
            system_b=SystemBTelemetry(episodes=self._tracker.episodes,
                                      successes=self._tracker.successes))

    def share(self) -> Share:
        """Return what the life came to so far."""
        play = np.array([mode == 'play' for mode in self._modes])
        told = np.array(self._told[len(self._told) // 2:])
        return Share(float(play.mean()), float(play[len(play) // 2:].mean()),
                     int((play[1:] != play[:-1]).sum()), float(self._tracker.rate or 0.0),
                     float(told[:, 0].mean()), float(told[:, 1].mean()))
