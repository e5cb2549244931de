"""Does with an agent what a row of the wiring table does with the nodes."""

import numpy as np

from abm_ros.agent.agent import Agent
from abm_ros.agent.life import Life
from abm_ros.agent.settings import Learning
from abm_ros.common import names
from abm_ros.lives.rows import perceives, records, schedule
from abm_ros.lives.settings import PaceConfig
from abm_ros.lives.telling import Telling
from abm_ros.memory.schedule import IMAGINE
from abm_ros.meta.phi import Modulation
from abm_ros.meta.wiring import Row
from abm_ros.policy.planner import Objective

_SLOWEST = 0.01      # the least that the motor guard takes


class Parts:
    """
    The agent in its body, under one row at a time.

    :param speed_limit: the constraints' motion envelope.
    """

    def __init__(self, life: Life, agent: Agent, telling: Telling, pace: PaceConfig,
                 speed_limit: float) -> None:
        self._life, self._agent, self._telling = life, agent, telling
        self._pace, self._speed_limit = pace, speed_limit
        self._row: Row | None = None
        self._done_s = 0.0         # until when updates were made in a mode of memory alone

    def enter(self, row: Row, modulation: Modulation) -> None:
        """Rewire: what was under way ends, and another mode begins."""
        self._agent.interrupt(row.mode)
        if self._row is not None and not perceives(row):
            self._life.blind()
        self._row, self._done_s = row, self._life.now_s
        self.modulate(modulation)
        self._telling.entered(row)

    def modulate(self, modulation: Modulation) -> None:
        """Set what phi sets beside the wires."""
        self._agent.objective = Objective(modulation.goal_weight, modulation.intrinsic_weight,
                                          modulation.exploration)
        self._agent.learning = Learning(modulation.plasticity_a, modulation.plasticity_b,
                                        modulation.replay)
        self._life.slow(max(self._speed_limit * modulation.speed, _SLOWEST))

    def step(self, row: Row) -> np.ndarray:
        """Do what the mode does in a control step; return the command (A,) for the body."""
        self._telling.felt()
        if row.motors_open:
            return self._act()
        if perceives(row):
            observation = self._life.sense()
            self._agent.perceive(observation, records=records(row))
            self._telling.perceived(observation)
        self._learn_from_memory(row)
        return self._life.standstill()

    def _act(self) -> np.ndarray:
        observation = self._life.sense()
        action = self._agent.act(observation)
        self._telling.perceived(observation)
        self._telling.acted(observation, action)
        motion = self._life.move(action)
        self._agent.executed(observation.stamp_ns, motion.executed)
        return motion.command

    def _learn_from_memory(self, row: Row) -> None:
        """Make the updates that the time since the last burst has room for, if one is due."""
        agent, passed_s = self._agent, self._life.now_s - self._done_s
        if passed_s < self._pace.burst_s or not len(agent.replay):
            return
        self._done_s = self._life.now_s
        updates = max(1, round(passed_s * self._pace.updates_per_s))
        of_a, of_b = (schedule(row, learner) for learner in (
            names.SYSTEM_A_LEARNER, names.SYSTEM_B_LEARNER))
        if 'consolidate' in (of_a, of_b):
            agent.consolidate(updates if of_a == 'consolidate' else 0,
                              updates if of_b == 'consolidate' else 0)
        elif of_b == 'value':
            agent.sweep_values(updates)
        elif of_b == IMAGINE and agent.learning.plasticity_b > 0:
            self._telling.dreamed(agent.imagine(updates, agent.objective))
