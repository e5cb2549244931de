"""Lives that evolution never saw, lived with each manager, and steps of innate models."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from abm_ros.agent.agent import Agent
from abm_ros.agent.settings import AgentSettings
from abm_ros.bench.common.life import life_in
from abm_ros.bodies.shift.body import living
from abm_ros.bodies.shift.script import LifeScript
from abm_ros.evolution.fitness import FitnessConfig
from abm_ros.evolution.race import Runner, race
from abm_ros.evolution.workers import Workers
from abm_ros.lives.innate import load_innate
from abm_ros.lives.lived import Episodes, Lived
from abm_ros.policy.planner import Objective

IN_A_ROW = 10
_RESAMPLES = 10_000
Pairs = Mapping[str, Sequence[Lived]]


def compare(managers: Mapping[str, Runner], scripts: Sequence[LifeScript], seeds: Sequence[int],
            workers: Workers, done: Callable[[Lived], None]) -> dict[str, list[Lived]]:
    """Let each manager live every script with every seed; return their lives in one order."""
    lives = [(script, seed) for seed in seeds for script in scripts]
    raced = race(list(managers.values()), lives, workers, FitnessConfig(), done, all_lives=True)
    return dict(zip(managers, raced.lives, strict=True))


def figures_of(lived: Pairs, seed: int) -> dict[str, Any]:
    """
    Return mean and interval of each manager's fitness and area, and of differences of pairs.

    :param seed: of the bootstrap.
    """
    rng, fitness = np.random.default_rng(seed), FitnessConfig()
    fit = {name: np.array([fitness.of(one) for one in lives]) for name, lives in lived.items()}
    area = {name: np.array([one.area for one in lives]) for name, lives in lived.items()}
    found: dict[str, Any] = {
        name: {**interval(fit[name], rng), 'area': interval(area[name], rng),
               'unsafe': sum(one.unsafe for one in lives),
               'refused': sum(one.refused for one in lives),
               'failures': sum(bool(one.failure) for one in lives),
               'modes': shares(lives)} for name, lives in lived.items()}
    return {**found, 'pairs': {
        f'{name} - default': {**interval(fit[name] - fit['default'], rng),
                              'area': interval(area[name] - area['default'], rng)}
        for name in lived if name != 'default'}}


def shares(lives: Sequence[Lived]) -> dict[str, float]:
    """Return the share of each mode of all lives."""
    modes = sorted({mode for one in lives for _, mode in one.modes})
    return {mode: round(float(np.mean([one.share_of(mode) for one in lives])), 3)
            for mode in modes}


def interval(values: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """Return the mean of values (n,) and its bootstrap 95 % interval; none of a single one."""
    mean = round(float(values.mean()), 4)
    if len(values) < 2:
        return {'mean': mean, 'ci95': [None, None], 'n': len(values)}
    means = rng.choice(values, (_RESAMPLES, len(values))).mean(axis=1)
    return {'mean': mean, 'ci95': [round(float(e), 4) for e in np.percentile(means, [2.5, 97.5])],
            'n': len(values)}


def steps_to_ten(script: LifeScript, settings: AgentSettings, seed: int, innate: str
                 ) -> int | None:
    """
    Return the step that ended ten episodes in a row that reached their goals; None for never.

    :param innate: file of innate models; '' begins from scratch.
    """
    body = living(script, seed)
    try:
        life, episodes = life_in(body), Episodes()
        agent = Agent(settings, life.spec, seed)
        agent.objective = Objective(exploration=0.05)
        if innate:
            agent.adopt(*load_innate(Path(innate)))
        for number, _ in zip(range(script.steps), life.live(agent), strict=False):
            episodes.take(number, life.state.episode, reached=life.state.success,
                          begins=life.state.step == 0)
            last = episodes.over[-IN_A_ROW:]
            if len(last) == IN_A_ROW and all(reached for _, _, reached in last):
                return last[-1][1]
        return None
    finally:
        body.close()
