"""One seed of `abm bench teach`: one demonstration, and a life among teachers."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from abm_ros.agent.agent import Agent
from abm_ros.bench.learn.trial import Trial, evaluate, frozen, lives
from abm_ros.bench.teach.teachers import KINDS, Teacher, honest_and_not
from abm_ros.bodies.config import OWN_REACH_M
from abm_ros.bodies.make import make_body
from abm_ros.bodies.tasks import Box
from abm_ros.common.errors import SpecError
from abm_ros.common.seeds import generator
from abm_ros.common.trust import DISTRUST, trust

BODY = 'bullet:button'
# A place that a liar shows is at least this far from the button, in radii of it.
_AWAY = 2.0


@dataclass(frozen=True)
class Button:
    """Where the button of a seed is, and who shows ways to places."""

    place: np.ndarray
    radius: float
    teacher: Teacher

    def elsewhere(self, rng: np.random.Generator) -> np.ndarray:
        """Return a place within reach that is none of the button's."""
        box = Box(*OWN_REACH_M)
        while True:
            point = box.sample(rng)
            if np.linalg.norm(point - self.place) > _AWAY * self.radius:
                return point


def button_of(trial: Trial) -> Button:
    """Return the button of a trial's seed: the goal of the same body where it is shown."""
    shown = replace(trial, arm={**trial.arm, 'button_shown': True})
    body = shown.body(make_body, trial.seed)
    try:
        goal = body.state().goal
        assert goal is not None
        return Button(np.array(goal), body.goal_tolerance, Teacher(body))
    finally:
        body.close()


def one_demonstration(trial: Trial, updates: int) -> dict[str, Any]:
    """
    Live one seed; return success without a demonstration, and with one of each kind.

    All take the same updates of System B, and no further step.

    :param trial: its last point is the number of environment steps that are lived.
    """
    for agent, step in lives(trial):    # noqa: B007  (the last of them counts)
        pass
    button = button_of(trial)
    start = step.observation.vector[agent.world.spec.slice_of('joint_position')]
    found: dict[str, Any] = {'seed': trial.seed, 'found_before': agent.replay.shown.succeeded}
    for kind in ('without', *KINDS):
        pupil = agent.copy()
        if kind != 'without':
            try:
                pupil.show(button.teacher.show('ann', start, button.place, kind))
            except SpecError as error:
                found[f'refused_{kind}'] = str(error)
        pupil.consolidate(0, updates)
        found[kind] = _score(trial, pupil, trial.points[-1])
    return found


@dataclass
class Among:
    """A life, with or without teachers: success at each point, and trust."""

    seed: int
    taught: bool
    success: list[float] = field(default_factory=list)
    trust: dict[str, float] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)
    # Demonstrations of a teacher that were taken, or refused, until nothing was learned from it.
    lost_after: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


def among_teachers(trial: Trial, every: int, *, taught: bool) -> Among:
    """
    Live one seed, with a demonstration every so many steps, by each teacher in turn.

    Points count the steps of the body, in both lives: the steps that a teacher shows are none.
    """
    among, button = Among(trial.seed, taught), button_of(trial)
    rng = generator(trial.seed, 'bench/teach/places')
    turns, due, points, moved = _turns(trial.seed), every, list(trial.points), 0
    for agent, step in lives(replace(trial, points=(sys.maxsize,))):
        moved += step.observation.step > 0
        if taught and moved >= due and step.observation.step == 0:
            due += every
            name, honest = next(turns)
            _show(agent, among, name, button.place if honest else button.elsewhere(rng), button,
                  step.observation.vector)
        if taught:
            _trust(agent, among)
        if moved >= points[0]:
            among.success.append(_score(trial, agent, points.pop(0)))
        if not points:
            break
    return among


def _turns(seed: int) -> Iterator[tuple[str, bool]]:
    while True:
        yield from honest_and_not(seed).items()


def _show(agent: Agent, among: Among, name: str, place: np.ndarray, button: Button,
          seen: np.ndarray) -> None:
    among.shown[name] = among.shown.get(name, 0) + 1
    start = seen[agent.world.spec.slice_of('joint_position')]
    try:
        agent.show(button.teacher.show(name, start, place, 'action_free'))
    except SpecError as error:
        among.refused.append(str(error))


def _trust(agent: Agent, among: Among) -> None:
    """Let System M's rule say how far each teacher is trusted."""
    among.trust = {name: trust(*counts) for name, counts in agent.teachers.items()}
    agent.trust(among.trust)
    for name, value in among.trust.items():
        if value < DISTRUST:
            among.lost_after.setdefault(name, among.shown[name])


def _score(trial: Trial, agent: Agent, at: int) -> float:
    return evaluate(trial, at, frozen(agent, trial.seed)).native
