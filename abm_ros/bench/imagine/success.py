"""The success half of the imagination benchmark: one seed, from life to pairs of policies."""

from dataclasses import dataclass, replace
from typing import Any

from abm_ros.agent.agent import Agent
from abm_ros.bench.common.life import life_in
from abm_ros.bench.learn.trial import MakeBody, Trial, score_of
from abm_ros.bodies.make import make_body
from abm_ros.common.seeds import generator
from abm_ros.common.snapshot import Snapshot
from abm_ros.memory.schedule import ScheduleConfig
from abm_ros.policy.planner import Objective
from abm_ros.world_model.damage import damaged

_NEVER = ScheduleConfig(learn_every=1_000_000)


@dataclass(frozen=True)
class ImaginePlan:
    """
    What is done with each seed.

    `transitions` are lived and learned from, `held_out` lived and not; `rest` is the number of
    updates of A and B on them before imagining, `updates` of B in both arms of a pair. `damage`
    lists kinds of `damage.damaged`; `unguarded` dreams in bad models in spite of the guard, too.
    """

    transitions: int
    held_out: int
    rest: int
    updates: int
    dreaming: Objective
    damage: tuple[str, ...] = ()
    unguarded: bool = False


def compare(trial: Trial, plan: ImaginePlan, bodies: MakeBody = make_body) -> dict[str, Any]:
    """
    Live one seed and return the success of its policies.

    :param trial: the agent; its points are not used.
    """
    from torch import set_num_threads
    set_num_threads(1)
    agent = experienced(trial, plan, bodies)
    world, actor = agent.snapshots()
    assert actor is not None
    found: dict[str, Any] = {'seed': trial.seed, 'transitions': agent.transitions,
                             'before': score_of(agent, trial, bodies=bodies)}
    agent.adopt(world, actor)       # as the other arm does: without the moments of Adam
    agent.consolidate(0, plan.updates)
    found['without'] = score_of(agent, trial, bodies=bodies)
    found['with'], found['dreamt'] = _imagined(agent, trial, plan, (world, actor), bodies)
    for damage in plan.damage:
        rng = generator(trial.seed, f'bench/imagine/{damage}')
        bad = damaged(type(agent.world), world, damage, rng)
        found.setdefault('damaged', {})[damage] = _damaged(agent, trial, plan, (bad, actor),
                                                           bodies)
    return found


def _damaged(agent: Agent, trial: Trial, plan: ImaginePlan, models: tuple[Snapshot, Snapshot],
             bodies: MakeBody) -> dict[str, Any]:
    """Return what a bad model is worth with dreams, and in the same updates without them."""
    agent.adopt(*models)
    agent.consolidate(0, plan.updates)
    found = {'without': score_of(agent, trial, bodies=bodies)}
    found['with'], found['dreamt'] = _imagined(agent, trial, plan, models, bodies)
    if plan.unguarded:
        settings = agent.settings
        agent.settings = replace(settings, dreams=replace(settings.dreams, dream_error=1e6,
                                                          dream_doubt=100.0))
        found['unguarded'], _ = _imagined(agent, trial, plan, models, bodies)
        agent.settings = settings
    return found


def experienced(trial: Trial, plan: ImaginePlan, bodies: MakeBody) -> Agent:
    """Return an agent that lived and slept, and lived some more without learning."""
    body = trial.body(bodies, trial.seed)
    try:
        life = life_in(body)
        agent = Agent(trial.settings, life.spec, trial.seed)
        agent.objective = trial.objective
        for _ in life.live(agent):
            if agent.transitions == plan.transitions and agent.settings.schedule is not _NEVER:
                agent.consolidate(plan.rest, plan.rest)
                agent.settings = replace(agent.settings, schedule=_NEVER)
            if agent.transitions >= plan.transitions + plan.held_out:
                return agent
    finally:
        body.close()
    raise AssertionError('a life has no end')


def _imagined(agent: Agent, trial: Trial, plan: ImaginePlan,
              models: tuple[Snapshot, Snapshot], bodies: MakeBody) -> tuple[Any, Any]:
    """Imagine from these models; return the success afterwards, and what was dreamed."""
    agent.adopt(*models)
    dreamt = agent.imagine(plan.updates, plan.dreaming)
    return score_of(agent, trial, bodies=bodies), vars(dreamt)
