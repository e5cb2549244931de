"""One life of one agent."""

import sys
import time
from dataclasses import dataclass, field

import numpy as np

from abm_ros.bench.common.life import life_in
from abm_ros.bench.life.agents import MANAGED, contender
from abm_ros.bodies.shift.body import living
from abm_ros.bodies.shift.script import LifeScript
from abm_ros.common.errors import PhiError
from abm_ros.common.share import table_text
from abm_ros.lives.managed import Make, ManagedLife, is_safe
from abm_ros.lives.settings import LifeSettings
from abm_ros.meta.phi import load_phi
from abm_ros.policy.planner import Objective


@dataclass
class Lived:
    """
    What one agent did in one life.

    `episodes` are (first step, first step of the next one, whether the goal was reached at any
    time of it); `beliefs` are (step, world) wherever the agent's belief changed, `modes` are
    (step, mode) of an agent that System M manages.
    """

    agent: str
    seed: int
    steps: int
    episodes: list[tuple[int, int, bool]] = field(default_factory=list)
    beliefs: list[tuple[int, int]] = field(default_factory=list)
    modes: list[tuple[int, str]] = field(default_factory=list)
    unsafe: int = 0
    busy_s: float = 0.0      # processor time of this process, the simulator's among it


def live(name: str, script: LifeScript, seed: int, objective: Objective,
         make: Make = living) -> Lived:
    """
    Live the life of a script.

    :param name: of the agent.
    :param make: makes the body of a script and a seed.
    """
    from torch import set_num_threads
    set_num_threads(1)
    lived = (_managed(name, script, seed, make) if name in MANAGED else
             _unmanaged(name, script, seed, objective, make))
    won = np.mean([e[2] for e in lived.episodes]) if lived.episodes else np.nan
    sys.stderr.write(f'{name} seed {seed}: {script.steps} steps, success {won:.2f}, '
                     f'beliefs {lived.beliefs}\n')
    return lived


def _managed(name: str, script: LifeScript, seed: int, make: Make) -> Lived:
    settings = LifeSettings().changed({'system_m': {'veto_modes': list(MANAGED[name])}})
    phi = load_phi(table_text('', 'phi.yaml', PhiError))
    found = ManagedLife(script, settings, phi, seed, make=make).live()
    return Lived(name, seed, script.steps, [(f, last + 1, r) for f, last, r in found.episodes],
                 found.beliefs, found.modes, found.unsafe, found.busy_s)


def _unmanaged(name: str, script: LifeScript, seed: int, objective: Objective,
               make: Make) -> Lived:
    body = make(script, seed)
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
    return lived
