"""
A life under System M, in simulated time: the story of one individual, from birth to its end.

At every control step: what the body feels and shows, a decision of System M if one is due, what
the mode in force does, and the body's next state. One seed gives the same life bit for bit.
"""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from abm_ros.agent.agent import Agent
from abm_ros.agent.life import Life
from abm_ros.bodies.shift.body import ShiftingBody, living
from abm_ros.bodies.shift.script import LifeScript
from abm_ros.common.seeds import generator
from abm_ros.common.share import table_text
from abm_ros.common.snapshot import Snapshot
from abm_ros.lives.lived import Episodes, Lived
from abm_ros.lives.parts import Parts
from abm_ros.lives.rows import read_rows
from abm_ros.lives.settings import LifeSettings
from abm_ros.lives.telling import Telling
from abm_ros.meta.constraints import load_constraints
from abm_ros.meta.decision import Refusal
from abm_ros.meta.meta_control import MetaControl
from abm_ros.meta.phi import MODULATION_PERIOD_S, Decision, Modulation, Phi
from abm_ros.robot.description import JointLimits
from abm_ros.robot.motor_guard import MotorConfig

Make = Callable[[LifeScript, int], ShiftingBody]
_OVER_FORCE = 1.5      # of a joint's effort limit


class ManagedLife:
    """
    A body, an agent and System M.

    :param innate: models of Systems A and B to be born with.
    :param make: makes the body of a script and a seed.
    :raises AbmError: phi, constraints or settings do not fit each other, or the innate models do
        not fit the body.
    """

    def __init__(self, script: LifeScript, settings: LifeSettings, phi: Phi, seed: int,
                 innate: tuple[Snapshot, Snapshot] | None = None, make: Make = living) -> None:
        self._script = script
        self._body = body = make(script, seed)
        self._life = life = Life(body, MotorConfig(
            command_interface=body.interface, control_period_s=body.control_period_s))
        self.agent = agent = Agent(settings.agent, life.spec, seed)
        if innate is not None:
            agent.adopt(*innate)
        rows = read_rows(table_text('', 'wiring.yaml'))
        self.control = MetaControl(
            replace(settings.system_m, baseline_episodes=0), phi, rows,
            load_constraints(table_text('', 'constraints.yaml'), rows.modes))
        self._telling = Telling(settings, life, agent, generator(seed, 'lives/telling'))
        self._parts = Parts(life, agent, self._telling, settings.pace,
                            self.control.constraints.speed_limit)
        self._every = max(1, round(settings.system_m.tick_s / body.control_period_s))
        self._mode, self._modulation, self._modulated_s = '', Modulation(), 0.0
        self._refused: Refusal | None = None
        self.lived = Lived(seed, script.steps)

    def live(self) -> Lived:
        """Live to the end of the script, and close the body."""
        began_s = time.process_time()
        episodes, hurts = Episodes(), False
        energy = float(self._life.state.energy)
        try:
            for number in range(self._script.steps):
                state = self._life.state
                episodes.take(number, state.episode, reached=state.success,
                              begins=state.step == 0)
                self.lived.energy += max(0.0, energy - float(state.energy))
                energy = float(state.energy)
                if number % self._every == 0:
                    self._decide(number)
                command = self._parts.step(self.control.wiring[self._mode])
                hurt, hurts = hurts, self._telling.pain > _OVER_FORCE
                self.lived.unsafe += (not is_safe(command, self._body.interface,
                                                  self._life.limits)) + (hurts and not hurt)
                self._note_belief(number)
                self._life.step(command)
            episodes.end(self._script.steps - 1)
        finally:
            self._body.close()
        self.lived.episodes = episodes.over
        self.lived.updates = self.agent.counts.updates_a + self.agent.counts.updates_b
        self.lived.busy_s = time.process_time() - began_s
        return self.lived

    def _decide(self, number: int) -> None:
        """Let System M decide, and do what it says."""
        now_s, control = self._life.now_s, self.control
        if not self._mode:
            self._follow(control.begin(now_s), number)
            return
        told = self._telling.telemetry(control.wiring[self._mode])
        decision = control.decide(control.signals(told), told, '', now_s)
        if control.refused is not None and control.refused != self._refused:
            self.lived.refused += 1
        self._refused = control.refused
        self._follow(decision, number)

    def _follow(self, decision: Decision, number: int) -> None:
        now_s = self._life.now_s
        if decision.mode != self._mode:
            self._parts.enter(self.control.wiring[decision.mode], decision.modulation)
            self._mode = decision.mode
            self.lived.modes.append((number, self._mode))
        elif decision.modulation == self._modulation or (
                now_s - self._modulated_s < MODULATION_PERIOD_S):
            return
        else:
            self._parts.modulate(decision.modulation)
        self._modulation, self._modulated_s = decision.modulation, now_s

    def _note_belief(self, number: int) -> None:
        beliefs, believed = self.lived.beliefs, self.agent.believed_world
        if believed != (beliefs[-1][1] if beliefs else 0):
            beliefs.append((number, believed))


def is_safe(command: np.ndarray, interface: str, limits: JointLimits) -> bool:
    """Tell whether a command (A,) is finite and within the limits of its interface."""
    low, high = {'position': (limits.lower, limits.upper),
                 'velocity': (-limits.velocity, limits.velocity),
                 'effort': (-limits.effort, limits.effort)}[interface]
    return bool(np.isfinite(command).all() and (command >= low - 1e-9).all()
                and (command <= high + 1e-9).all())
