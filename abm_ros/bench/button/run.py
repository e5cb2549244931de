"""One life of one agent at a hidden button, and its evaluations."""

import time
from dataclasses import dataclass, field

import numpy as np

from abm_ros.agent.frozen import FrozenAgent
from abm_ros.agent.settings import AgentSettings
from abm_ros.bench.learn.curve import Score, is_settled
from abm_ros.bench.learn.trial import MakeActing, Protocol, Trial, evaluate, frozen, lives
from abm_ros.common.seeds import generator
from abm_ros.common.spec import ObservationSpec
from abm_ros.policy.planner import Objective

BODY = 'bullet:button'
# Name -> whether it is told the place as its goal; None acts at random.
AGENTS: dict[str, bool | None] = {'abm': False, 'distance': True, 'random': None}


@dataclass(frozen=True)
class Lived:
    """What one seed of one agent gave."""

    agent: str
    seed: int
    scores: list[Score] = field(default_factory=list)
    first: int | None = None      # environment steps to the first success of its life
    wall_s: float = 0.0


def live(name: str, seed: int, points: tuple[int, ...], protocol: Protocol,
         objective: Objective, settings: AgentSettings | None = None) -> Lived:
    """
    Live one seed and evaluate it; ends early once it is learned, by both ways of counting.

    :param name: of AGENTS.
    :param seed: decides the place of the button too.
    :param points: environment steps after which to evaluate.
    """
    shown = AGENTS[name]
    trial = Trial(name, BODY, seed, points, protocol, settings=settings or AgentSettings(),
                  objective=objective, arm={'button_seed': seed, 'button_shown': bool(shown)})
    start_s = time.monotonic()
    if shown is None:
        return Lived(name, seed, [evaluate(trial, at, at_random(seed)) for at in points[:1]])
    scores, first, due = list[Score](), None, list(points)
    for agent, step in lives(trial):
        if first is None and step.success:
            first = agent.transitions
        if agent.transitions < due[0]:
            continue
        scores.append(evaluate(trial, due.pop(0), frozen(agent, seed)))
        if not due or is_settled(scores, protocol.threshold):
            break
    return Lived(name, seed, scores, first, round(time.monotonic() - start_s, 1))


def at_random(seed: int) -> MakeActing:
    """Return what makes an agent that babbles."""
    def make(spec: ObservationSpec) -> FrozenAgent:
        settings = AgentSettings().planner
        return FrozenAgent(spec, settings, None, generator(seed, 'bench/random'))
    return make


def success_at(lived: Lived, points: tuple[int, ...], kind: str) -> np.ndarray:
    """Return the success (points,) of a seed, 'native' or 'strict'; held after an early end."""
    return np.interp(points, [score.steps for score in lived.scores],
                     [getattr(score, kind) for score in lived.scores])
