"""One seed of the sleep benchmark: a life that is interrupted, and the sleep that follows."""

import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from abm_ros.agent.agent import Agent
from abm_ros.agent.sleeping import FADED
from abm_ros.bench.learn.trial import MakeBody, Trial, lives, score_of
from abm_ros.bodies.make import make_body
from abm_ros.common.errors import ConfigError


@dataclass(frozen=True)
class SleepPlan:
    """
    How an agent sleeps: at most `quota` updates of each system, until both gain less than that.

    `against` names another order of replay, '' for none.
    """

    quota: int
    least_gain: float
    order: str
    against: str = ''
    planning: bool = False      # in the evaluation


def interrupted(trial: Trial, plan: SleepPlan, bodies: MakeBody = make_body) -> dict[str, Any]:
    """
    Live one seed up to the trial's last point; return its success before and after sleep.

    :raises ConfigError: the life is too short to have learned anything.
    """
    (agent, _), = deque(lives(trial, bodies), maxlen=1)
    world, actor = agent.snapshots()
    if actor is None:
        raise ConfigError(f'abm bench sleep: after {agent.transitions} transitions nothing was '
                          'learned yet; raise --transitions')
    found = {'seed': trial.seed, 'transitions': agent.transitions,
             'before': score_of(agent, trial, plan.planning, bodies)}
    found['slept'] = asleep = _sleep(agent, plan.order, plan.quota, plan.least_gain)
    asleep['after'] = score_of(agent, trial, plan.planning, bodies)
    if plan.against:
        agent.adopt(world, actor)
        found['against'] = other = _sleep(agent, plan.against, asleep['updates'], 0.0)
        other['after'] = score_of(agent, trial, plan.planning, bodies)
    return found


def _sleep(agent: Agent, order: str, quota: int, least_gain: float) -> dict[str, Any]:
    """
    Let the agent sleep; return what it did and how fast.

    The speed is in seconds of experience that were replayed to each system, a second: of the
    clock, and of this process's own time, which other programs do not change.
    """
    world, actor = agent.snapshots()
    assert actor is not None
    agent.adopt(world, actor)       # as any other order will
    lived, begin_s, begin_cpu_s = agent.transitions, time.perf_counter(), time.process_time()
    slept = agent.sleep(quota, least_gain, order)
    wall_s, cpu_s = time.perf_counter() - begin_s, time.process_time() - begin_cpu_s
    replayed_s = slept.transitions * agent.world.spec.control_period_s
    return {'updates': slept.updates, 'replayed': slept.transitions, 'reason': slept.reason,
            'faded': slept.reason == FADED, 'gain_a': slept.gain_a, 'gain_b': slept.gain_b,
            'real_steps': agent.transitions - lived, 'wall_s': round(wall_s, 3),
            'times_real_time': round(replayed_s / wall_s, 1),
            'times_real_time_cpu': round(replayed_s / cpu_s, 1)}
