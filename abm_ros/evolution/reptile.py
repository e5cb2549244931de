"""
The innate state of A and B, found over a distribution of arms and tasks by Reptile.

Each outer step lives some lives from the innate weights, each in another body, and moves the
weights a share of the way to the mean of what was learned in them. Source: Nichol et al. 2018,
arXiv:1803.02999, algorithm 2 (batched).
"""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from abm_ros.agent.agent import Agent
from abm_ros.agent.life import Life
from abm_ros.agent.settings import AgentSettings
from abm_ros.bodies.make import make_body
from abm_ros.bodies.shift.body import living
from abm_ros.bodies.shift.script import Event, LifeScript
from abm_ros.common.errors import SnapshotError
from abm_ros.common.seeds import derive_seed, generator
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.weights import mixed
from abm_ros.evolution.checkpoint import write
from abm_ros.lives.innate import load_innate, save_innate
from abm_ros.policy import contract as policy_contract
from abm_ros.policy.planner import Objective
from abm_ros.robot.motor_guard import MotorConfig
from abm_ros.world_model.contract import learner_of

_GAIN = 0.7      # log of the largest factor by which a motor differs
Models = tuple[Snapshot, Snapshot]


def learned_from(models: Models | None, script: LifeScript, settings: AgentSettings,
                 seed: int, exploration: float) -> Models:
    """
    Live a script from innate models, without System M, and return what was learned.

    :param models: None for weights at random.
    :raises SnapshotError: the life was too short to learn anything.
    """
    body = living(script, seed)
    try:
        life = Life(body, MotorConfig(command_interface=body.interface,
                                          control_period_s=body.control_period_s))
        agent = Agent(settings, life.spec, seed)
        agent.objective = Objective(exploration=exploration)
        if models is not None:
            agent.adopt(*models)
        for number, _ in enumerate(life.live(agent), 1):
            if number == script.steps:
                break
        system_a, system_b = agent.snapshots()
    finally:
        body.close()
    if system_b is None:
        raise SnapshotError(f'nothing was learned in {script.steps} steps of {script.body}: '
                            'let lives be longer than the warm-up')
    return system_a, system_b


def outer_step(models: Models, learned: list[Models], share: float) -> Models:
    """
    Return the innate models after an outer step.

    :param learned: from each life that began with these models.
    :param share: the step of Reptile, in (0, 1].
    """
    moved = mixed(models[0], [a for a, _ in learned], share)
    world = learner_of(moved).restore(moved, moved.spec)
    policy = mixed(models[1], [b for _, b in learned], share)
    model = world.freeze()
    actor = policy_contract.learner_of(policy).restore(policy, model)
    return world.snapshot(), actor.snapshot(model)


def other_arm(script: LifeScript, rng: np.random.Generator, joints: int) -> LifeScript:
    """Return a life in another arm: each of its motors moves its joint by another factor."""
    events = tuple(Event(0, 'gain', math.exp(rng.uniform(-_GAIN, _GAIN)), joints=(joint,))
                   for joint in range(joints))
    return replace(script, events=events)


def search(script: LifeScript, settings: AgentSettings, steps: int, seed: int, keep: Path,
           told: Callable[[int], None], *, batch: int = 2, share: float = 0.5,
           exploration: float = 0.05) -> None:
    """
    Search innate models, and keep those of each outer step.

    :param script: its body and length are those of the inner lives.
    :param steps: outer steps, those that are kept already among them.
    :param keep: the file; beside it `.steps` counts the outer steps.
    :param told: is told of each outer step.
    """
    counter = keep.with_suffix('.steps')
    done = int(counter.read_text()) if counter.exists() and keep.exists() else 0
    models = load_innate(keep) if done else None
    body = make_body(script.body, {'seed': seed})
    joints = len(body.command_joints)
    body.close()
    for step in range(done, steps):
        lives = [(other_arm(script, generator(seed, f'evolution/arm/{step}/{n}'), joints),
                  derive_seed(seed, f'evolution/inner/{step}/{n}') % 2 ** 31)
                 for n in range(batch)]
        if models is None:      # the first life begins with weights at random
            models = learned_from(None, *_life(lives[0], settings, exploration))
        learned = [learned_from(models, *_life(life, settings, exploration)) for life in lives]
        models = outer_step(models, learned, share)
        save_innate(keep, *models)
        write(counter, str(step + 1))
        told(step + 1)


def _life(life: tuple[LifeScript, int], settings: AgentSettings, exploration: float
          ) -> tuple[LifeScript, AgentSettings, int, float]:
    return life[0], settings, life[1], exploration
