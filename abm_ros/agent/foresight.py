"""
A goal asked by a person: the path that is imagined for it, and the path that is executed.

Both begin at the same observation of the same body, and the same System B acts in both: once in
System A's model, once in the body. Nothing is learned.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from abm_ros.agent.frozen import FrozenAgent
from abm_ros.agent.life import Life
from abm_ros.common.errors import SnapshotError, SpecError
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import ObservationSpec, check_array
from abm_ros.common.transition import Observation
from abm_ros.policy.controller import Controller, ControllerConfig
from abm_ros.policy.planner import Objective
from abm_ros.world_model.perception import Perception

_SEED = 0     # of plans: the same in the model and in the body


@dataclass
class Path:
    """
    A path: what is achieved at each of T + 1 steps, and how unsure System A is of it.

    `doubt` is the disagreement of the ensemble, in typical steps; empty for an executed path.
    """

    achieved: list[np.ndarray] = field(default_factory=list)
    doubt: list[float] = field(default_factory=list)

    def reached_at(self, spec: ObservationSpec, goal: np.ndarray) -> int | None:
        """Return the first step at which the goal is reached, None for never."""
        there = np.flatnonzero(spec.reached(np.array(self.achieved), goal))
        return int(there[0]) if len(there) else None

    def distances(self, goal: np.ndarray) -> np.ndarray:
        """Return the distances (T + 1,) from a goal, in its own units."""
        return np.asarray(np.linalg.norm(np.array(self.achieved) - goal, axis=-1))


def asked_goal(spec: ObservationSpec, goal: Sequence[float]) -> np.ndarray:
    """
    Return the goal (G,) float32.

    :raises SpecError: it is of another size, not finite, or the task has no place for a goal.
    """
    if spec.told:
        raise SpecError('plan: the goal of this task has no place, only the task knows what '
                        'success is; ask for a goal on another body')
    if len(goal) != spec.goal_size:
        raise SpecError(f'plan: a goal of this body is a {spec.goal_field} of {spec.goal_size} '
                        f'numbers, got {len(goal)}: give a number for each coordinate')
    return check_array('goal', np.asarray(goal, np.float32), (spec.goal_size,))


def check_models(models: tuple[Snapshot, Snapshot], spec: ObservationSpec) -> None:
    """
    See that both models learned something of this body, and belong together.

    :raises SnapshotError: they did not, or do not.
    """
    a, b = models
    for model in models:
        if model.spec != spec:
            raise SnapshotError(f'the model {model.kind} is of another body: it observes '
                                f'{_fields(model.spec)}, this body {_fields(spec)}; name the '
                                'body of the run')
        if model.version < 1:
            raise SnapshotError(f'the model {model.kind} has not learned anything yet; let the '
                                'run go on')
    if b.meta.get('world_lineage') != a.lineage:
        raise SnapshotError('the policy does not read the latents of this System A: take both '
                            'models from one run')


def _fields(spec: ObservationSpec) -> str:
    return ', '.join(f'{item.name} ({item.size})' for item in spec.fields)


class Foresight:
    """
    System B in System A's model: the path that is imagined for a goal.

    :raises SnapshotError: the models do not load.
    """

    def __init__(self, models: tuple[Snapshot, Snapshot], planner: ControllerConfig) -> None:
        self._spec = models[0].spec
        self._perception = Perception(self._spec)
        self._behaviour = Controller(self._spec, planner, np.random.default_rng(_SEED))
        self._perception.load(models[0])
        self._behaviour.load(models[1])

    def path(self, start: np.ndarray, goal: np.ndarray, steps: int) -> Path:
        """
        Pursue a goal (G,) from an observation (D,).

        :param steps: after which it ends, unless the goal is reached.
        """
        model, path, spec = self._perception.model, Path(), self._spec
        latent = self._perception.encode(start)[np.newaxis]
        assert model is not None
        path.achieved.append(start[spec.goal_slice])
        path.doubt.append(0.0)
        for step in range(steps):
            if spec.reached(path.achieved[-1], goal):
                break
            action = self._behaviour.act(latent[0], self._perception.lineage, goal, step == 0,
                                         Objective())
            self._behaviour.prepare(path.achieved[-1])
            latent, numbers, doubt = model.advance(latent, action[np.newaxis])
            path.achieved.append(numbers[0, spec.goal_slice])
            path.doubt.append(float(doubt[0]))
        return path


class Asked:
    """
    An agent that pursues a person's goal instead of the task's.

    :param agent: that acts.
    """

    def __init__(self, agent: FrozenAgent, goal: np.ndarray) -> None:
        self._agent, self._goal = agent, goal

    def act(self, observation: Observation) -> np.ndarray:
        """Act as if the task had asked for the goal; what it tells is of its own goal."""
        return self._agent.act(observation._replace(goal=self._goal, success=None))

    def executed(self, stamp_ns: int, action: np.ndarray) -> None:
        """Take the executed action."""
        self._agent.executed(stamp_ns, action)


def executed(models: tuple[Snapshot, Snapshot], planner: ControllerConfig, life: Life,
             goal: np.ndarray, steps: int) -> tuple[np.ndarray, Path]:
    """
    Pursue a goal in a body whose episode begins.

    :return: the observation (D,) that it began at, and the path.
    """
    spec, path = life.spec, Path()
    agent = Asked(FrozenAgent(spec, planner, models, np.random.default_rng(_SEED)), goal)
    start = np.zeros(spec.size, np.float32)
    for step in life.live(agent):
        seen = step.observation
        if seen.step == 0 and path.achieved:     # the next episode
            break
        start = start if path.achieved else seen.vector
        path.achieved.append(seen.vector[spec.goal_slice])
        if len(path.achieved) > steps or spec.reached(path.achieved[-1], goal):
            break
    return start, path
