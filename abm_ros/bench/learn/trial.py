"""
One seed of `abm bench learn`: a life in which evaluations are taken, and the evaluation itself.

An evaluation runs a frozen copy of the agent in a body of its own, made for it alone, so that it
can change neither the agent nor the body that train. One environment step is one control step
that moved the body; the step that only begins an episode is none.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from abm_ros.agent.agent import Agent
from abm_ros.agent.frozen import FrozenAgent
from abm_ros.agent.life import Acting, LivedStep
from abm_ros.agent.settings import AgentSettings
from abm_ros.bench.common.life import life_in
from abm_ros.bench.learn.ablate import ablated
from abm_ros.bench.learn.curve import Curve, Score, is_settled
from abm_ros.bodies.make import make_body
from abm_ros.bodies.types import Body
from abm_ros.common.seeds import derive_seed, generator
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Observation
from abm_ros.memory.replay.draw import Draw
from abm_ros.policy.planner import Objective

MakeBody = Callable[[str, dict[str, int | bool | str]], Body]
MakeActing = Callable[[ObservationSpec], Acting]
_TIMED = 20      # updates and actions that are timed


@dataclass(frozen=True)
class Protocol:
    """How every agent of a run is measured."""

    threshold: float = 0.95
    episodes: int = 50
    full: bool = False        # go on to the budget when both thresholds were reached


@dataclass(frozen=True)
class Trial:
    """One agent, one seed."""

    name: str
    env: str
    seed: int
    points: tuple[int, ...]             # environment steps after which to evaluate
    protocol: Protocol = field(default_factory=Protocol)
    ablation: str = ''
    settings: AgentSettings = field(default_factory=AgentSettings)
    objective: Objective = field(default_factory=Objective)
    arm: Mapping[str, Any] = field(default_factory=dict)    # another one for bullet:*

    def body(self, bodies: MakeBody, seed: int, **settings: int | bool) -> Body:
        """Make a body to live in."""
        return bodies(self.env, {'seed': seed, **settings, **self.arm})


def count_success(lived: Iterator[LivedStep], episodes: int) -> tuple[float, float]:
    """
    Return the shares of native and of strict successes.

    Native: the goal was reached at any step. Strict: it was reached at the last one. Both from
    the same episodes, which success must not end; up to it, a native episode is the same.

    :param lived: what happened, from the first step of an episode on.
    """
    native = strict = seen = 0
    reached = last = False
    for step in lived:
        if step.observation.step > 0:
            last = step.success
            reached = reached or last
            continue
        native, strict = native + reached, strict + last
        if seen == episodes:
            break
        seen, reached, last = seen + 1, False, False
    return native / episodes, strict / episodes


def evaluate(trial: Trial, steps: int, acting: MakeActing, bodies: MakeBody = make_body) -> Score:
    """
    Measure an agent that no longer learns, in a body of its own.

    All agents of one seed meet the same episodes, others at every number of steps.

    :param steps: environment steps that it has learned from.
    :param acting: makes what acts from the spec of the body.
    """
    seed = derive_seed(trial.seed, f'bench/evaluation/{steps}') % 2 ** 31
    body = trial.body(bodies, seed, ends_at_success=False)
    try:
        life = life_in(body)
        native, strict = count_success(life.live(acting(life.spec)), trial.protocol.episodes)
    finally:
        body.close()
    score = Score(steps, native, strict)
    sys.stderr.write(f'{trial.name} seed {trial.seed} step {steps}: '
                     f'native {native:.2f} strict {strict:.2f}\n')
    return score


def frozen(agent: Agent, seed: int) -> MakeActing:
    """Return what makes a copy of the agent that neither learns nor explores."""
    def make(spec: ObservationSpec) -> FrozenAgent:
        return FrozenAgent(spec, agent.settings.planner, agent.snapshots(),
                           generator(seed, f'bench/frozen/{agent.transitions}'),
                           replace(agent.objective, exploration=0.0, intrinsic_weight=0.0))
    return make


def score_of(agent: Agent, trial: Trial, planning: bool = False,
             bodies: MakeBody = make_body) -> dict[str, float]:
    """
    Return the success of the agent as it is, in episodes that are the same for all of a seed.

    :param planning: System B searches; without it the policy acts alone.
    """
    def make(spec: ObservationSpec) -> FrozenAgent:
        planner = agent.settings.planner
        return FrozenAgent(spec, planner if planning else replace(planner, enabled=False),
                           agent.snapshots(), generator(trial.seed, 'bench/acting'))
    score = evaluate(trial, 0, make, bodies)
    return {'native': score.native, 'strict': score.strict}


def lives(trial: Trial, bodies: MakeBody = make_body) -> Iterator[tuple[Agent, LivedStep]]:
    """Yield the agent after each control step, up to the trial's last point."""
    from torch import set_num_threads
    set_num_threads(1)
    body = trial.body(bodies, trial.seed)
    try:
        life = life_in(body)
        settings, objective = ablated(trial.ablation, trial.settings, trial.objective, life.spec)
        agent = Agent(settings, life.spec, trial.seed)
        agent.objective = objective
        for step in life.live(agent):
            yield agent, step
            if agent.transitions >= trial.points[-1]:
                return
    finally:
        body.close()


def learn(trial: Trial, bodies: MakeBody = make_body) -> Curve:
    """Live one seed and evaluate it; ends early once both thresholds were reached."""
    start_s, scores, due = time.monotonic(), [], list(trial.points)
    for agent, _ in lives(trial, bodies):
        if agent.transitions < due[0]:
            continue
        scores.append(evaluate(trial, due.pop(0), frozen(agent, trial.seed), bodies))
        if not due or (not trial.protocol.full
                       and is_settled(scores, trial.protocol.threshold)):
            break
    wall_s = time.monotonic() - start_s
    return Curve(trial.seed, tuple(scores), wall_s, step_ms(agent))


def step_ms(agent: Agent) -> dict[str, float]:
    """
    Return what one update of A and of B and one action take, ms on one thread (medians).

    The agent is trained on: it is of no further use.
    """
    if agent.actor is None:
        return {}
    rng, cfg, spec = np.random.default_rng(0), agent.settings, agent.world.spec
    of_a, of_b = Draw(cfg.world.batch, cfg.world.horizon), Draw(cfg.actor.batch, 1)
    windows = [agent.replay.draw(rng, of_a) for _ in range(_TIMED)]
    ones = [agent.replay.draw(rng, of_b) for _ in range(_TIMED)]
    acting, model, policy = frozen(agent, 0)(spec), agent.world.freeze(), agent.actor
    seen = [Observation(0, row, batch.goal[0], 0, n) for n, batch in enumerate(ones)
            for row in batch.observation[0, :1]]
    return {'update_a': _median_ms(agent.world.learn, windows),
            'update_b': _median_ms(partial(policy.learn, model), ones),
            'act': _median_ms(acting.act, seen)}


def _median_ms(call: Callable[[Any], Any], arguments: Sequence[Any]) -> float:
    times = []
    for argument in arguments:
        start_s = time.perf_counter()
        call(argument)
        times.append(time.perf_counter() - start_s)
    return round(float(np.median(times)) * 1e3, 3)
