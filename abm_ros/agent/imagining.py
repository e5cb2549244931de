"""
Mode `imagine` in one process: dreams in System A's model, and what System B learns from them.

It takes the steps that the graph takes: memory gives seeds, System A judges its model by lived
experience and dreams with System B, memory keeps the dreams that reached their goals, and System
B's learner replays lived and imagined experience in turn.
"""

from dataclasses import dataclass

import numpy as np

from abm_ros.common.spec import ObservationSpec
from abm_ros.memory.replay.draw import NEWEST, SEEDS, Draw
from abm_ros.memory.replay.imagined import ImaginedConfig, ImaginedReplay
from abm_ros.memory.replay.index import ReplayIndex
from abm_ros.policy.controller import Controller
from abm_ros.policy.planner import Objective
from abm_ros.world_model.dreams import DreamConfig, Dreams, judge, obstacle
from abm_ros.world_model.perception import Perception


@dataclass
class Dreamt:
    """
    What was dreamed.

    `error` is that of the model on lived experience, relative to predicting no change; of the last
    burst. `reason` says why nothing is dreamed, '' if something is.
    """

    error: float = np.nan
    transitions: int = 0      # dreamed
    kept: int = 0             # of trajectories that reached their goals
    updates: int = 0
    reason: str = ''


class Imagination:
    """
    The bursts of dreams of one agent, and memory of them.

    :param rng: source of seeds: the only randomness beside System B's.
    """

    def __init__(self, dreams: DreamConfig, imagined: ImaginedConfig, spec: ObservationSpec,
                 rng: np.random.Generator) -> None:
        self._config, self._spec, self._rng = dreams, spec, rng
        self.replay = ImaginedReplay(spec, imagined)

    def dream(self, perception: Perception, behaviour: Controller, lived: ReplayIndex,
              objective: Objective, dreamt: Dreamt) -> None:
        """
        Dream a burst, unless the model is too bad.

        :param dreamt: is updated.
        """
        config, model = self._config, perception.model
        dreamt.reason = obstacle(self._spec) or ('' if model is not None else 'there is no model')
        if dreamt.reason or model is None:
            return
        dreamt.error = judge(model, self._spec, lived.draw(
            self._rng, Draw(config.judged, config.judged_steps, NEWEST)))
        dreamt.reason = config.doubt(dreamt.error)
        if dreamt.reason:
            return
        seeds = lived.draw(self._rng, Draw(config.dreams, 1, SEEDS))
        dreams = Dreams(config, self._spec, model, seeds)
        while not dreams.over:
            dreams.act(behaviour.act_for_all(
                dreams.latent, perception.lineage, dreams.goal, objective))
        dreamt.transitions += config.burst_steps * config.dreams
        imagined = dreams.successes()
        dreamt.kept += int(imagined.length.sum())
        self.replay.take(imagined)
