"""Appraises memory with System A's newest model, as the node of memory does, in simulated time."""

import math

import numpy as np

from abm_ros.agent.agent import Agent
from abm_ros.agent.sleeping import appraise
from abm_ros.common.transition import Observation
from abm_ros.memory.appraisal import AppraisalConfig, Appraiser

_FEWEST = 50           # transitions; with fewer nothing is appraised


class Appraising:
    """
    Novelty of what is observed, and priorities of what is replayed.

    :param rng: draws what is appraised: the only randomness.
    """

    def __init__(self, agent: Agent, config: AppraisalConfig, rng: np.random.Generator) -> None:
        self._agent, self._config, self._rng = agent, config, rng
        self._newest: Appraiser | None = None
        self._done_s = -math.inf
        self.novelty = math.nan      # of the newest observation; NaN while unknown

    def observed(self, seen: Observation) -> None:
        """Note how novel an observation is."""
        self.novelty = math.nan if self._newest is None else self._newest.novelty(seen.vector)

    def appraise(self, now_s: float) -> None:
        """Appraise memory with the newest model, if that is due."""
        agent, config = self._agent, self._config
        model, newest = agent.model, self._newest
        if model is None or len(agent.replay) < _FEWEST or (
                now_s - self._done_s < config.appraise_period_s
                or (newest is not None and newest.version == model.version)):
            return
        self._newest = appraise(agent.replay, model, config, self._rng)
        self._done_s = now_s
