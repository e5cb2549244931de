"""One seed of the corrections of `abm bench teach`: the same life with and without them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from abm_ros.agent.agent import Agent
from abm_ros.bench.common.life import life_in
from abm_ros.bench.learn.trial import Trial, evaluate, frozen
from abm_ros.bench.teach.run import button_of
from abm_ros.bodies.make import make_body
from abm_ros.common.errors import SpecError

# A message of a person stands in for System B for 0.3 s, which is this many steps.
STEPS = 6


def corrected(trial: Trial, count: int, first: int) -> dict[str, Any]:
    """
    Live one seed alone, and one with corrections towards the button; return both successes.

    Both live as many environment steps.

    :param count: of corrections at most, each at the beginning of an episode.
    :param first: number of the transition before which none comes.
    """
    button = button_of(trial)

    def way(seen: np.ndarray) -> np.ndarray:
        return button.teacher.pose(seen, button.place)

    found: dict[str, Any] = {'seed': trial.seed}
    for key, most in (('without', 0), ('with', count)):
        person = Corrector(way, most, first)
        agent = _lived(trial, person)
        found[key] = evaluate(trial, trial.points[-1], frozen(agent, trial.seed)).native
        found[f'{key}_corrections'], found[f'{key}_corrected_steps'] = person.given, person.steps
        found[f'{key}_found'] = agent.replay.shown.succeeded
    return found


class Corrector:
    """
    A person who sometimes sets the robot right at the beginning of an episode.

    :param way: gives the joint positions (J,) that are wanted from those that are (J,).
    """

    def __init__(self, way: Callable[[np.ndarray], np.ndarray], most: int, first: int) -> None:
        self._way, self._left, self._first = way, most, first
        self._wanted: np.ndarray | None = None
        self.given = self.steps = 0

    def __call__(self, joints: np.ndarray, step: int, transitions: int) -> np.ndarray | None:
        """Return the wanted joint positions (J,), None for nothing."""
        if step == 0:
            self._wanted = None
            if self._left and transitions >= self._first:
                self._begin(joints)
        if self._wanted is None or step >= STEPS:
            return None
        self.steps += 1
        return self._wanted

    def _begin(self, joints: np.ndarray) -> None:
        try:
            self._wanted = self._way(joints)
        except SpecError:
            return           # out of reach from here
        self._left -= 1
        self.given += 1


def _lived(trial: Trial, person: Corrector) -> Agent:
    body = trial.body(make_body, trial.seed)
    try:
        life = life_in(body)
        agent = Agent(trial.settings, life.spec, trial.seed)
        agent.objective = trial.objective
        joints = life.spec.slice_of('joint_position')
        while agent.transitions < trial.points[-1]:
            seen = life.sense()
            action = agent.act(seen)
            wanted = person(seen.vector[joints], seen.step, agent.transitions)
            if wanted is not None:
                action = life.towards(wanted.tolist())
            motion = life.move(action)
            agent.executed(seen.stamp_ns, motion.executed, 'ann' if wanted is not None else '')
            life.step(motion.command)
        return agent
    finally:
        body.close()
