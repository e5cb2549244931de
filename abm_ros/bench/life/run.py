"""One life of one agent."""

import sys
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from abm_ros.bench.common.life import life_in
from abm_ros.bench.life.agents import contender
from abm_ros.bodies.make import make_body
from abm_ros.bodies.shift.body import ShiftingBody
from abm_ros.bodies.shift.script import LifeScript
from abm_ros.policy.planner import Objective
from abm_ros.robot.description import JointLimits


@dataclass
class Lived:
    """
    What one agent did in one life.

    `episodes` are (first step, last step, whether the goal was reached at any time of it);
    `beliefs` are (step, world) wherever the agent's belief changed.
    """

    agent: str
    seed: int
    steps: int
    episodes: list[tuple[int, int, bool]] = field(default_factory=list)
    beliefs: list[tuple[int, int]] = field(default_factory=list)
    unsafe: int = 0
    busy_s: float = 0.0      # processor time of this process, the simulator's among it


def is_safe(command: np.ndarray, interface: str, limits: JointLimits) -> bool:
    """Tell whether a command (A,) is finite and within the limits of its interface."""
    low, high = {'position': (limits.lower, limits.upper),
                 'velocity': (-limits.velocity, limits.velocity),
                 'effort': (-limits.effort, limits.effort)}[interface]
    return bool(np.isfinite(command).all() and (command >= low - 1e-9).all()
                and (command <= high + 1e-9).all())


def live(name: str, script: LifeScript, seed: int, objective: Objective,
         settings: dict[str, Any] | None = None) -> Lived:
    """
    Live the life of a script.

    :param name: of the agent.
    :param settings: of the body.
    """
    from torch import set_num_threads
    set_num_threads(1)
    body = ShiftingBody(make_body(script.body, {'seed': seed, **(settings or {})}),
                        script.events, seed)
    lived = Lived(name, seed, script.steps)
    try:
        life = life_in(body)
        agent = contender(name, life.spec, seed, objective, script.body)
        changes = {step for step, _ in script.changes()}
        first, reached, believed, began_s = 0, False, 0, time.process_time()
        for step in life.live(agent):
            if step.observation.step == 0:
                if body.steps > first:
                    lived.episodes.append((first, body.steps, reached))
                first, reached = body.steps, False
            reached = reached or (step.success and step.observation.step > 0)
            lived.unsafe += not is_safe(step.command, body.interface, life.limits)
            if agent.world != believed:
                believed = agent.world
                lived.beliefs.append((body.steps, believed))
            if body.steps in changes:
                changes.discard(body.steps)
                agent.changed()
            if body.steps >= script.steps:
                break
        lived.busy_s = time.process_time() - began_s
    finally:
        body.close()
    won = np.mean([e[2] for e in lived.episodes]) if lived.episodes else np.nan
    sys.stderr.write(f'{name} seed {seed}: {script.steps} steps, success {won:.2f}, '
                     f'beliefs {lived.beliefs}\n')
    return lived
