"""
Collects the observations of a demonstration and makes steps of them.

Actions that were not shown are those by which System A explains what was seen. A demonstration
that even they do not explain is refused: what was shown is nothing that this body does.
"""

from dataclasses import dataclass

import numpy as np

from abm_ros.common.config import check, setting
from abm_ros.common.errors import SpecError
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Observation, Step, label_of
from abm_ros.common.trust import DISTRUST, PRIOR
from abm_ros.memory.replay.shown import Shown
from abm_ros.world_model.inverse import explained, infer
from abm_ros.world_model.perception import PerceivingModel

_LONGEST = 20_000


@dataclass(frozen=True)
class ShowingConfig:
    """What is taken from a teacher."""

    most_unexplained: float = setting(
        0.5, "Most of a demonstration that System A's model may miss, as the mean square in "
        'usual steps.', low=0.0, high=1e6)

    def __post_init__(self) -> None:
        check(self)


class Showings:
    """
    Takes the observations of one demonstration after the other.

    :param spec: what the robot observes.
    :param shown: which teachers are trusted.
    """

    def __init__(self, config: ShowingConfig, spec: ObservationSpec, shown: Shown) -> None:
        self._config, self._spec, self._shown = config, spec, shown
        self._seen: list[Observation] = []
        self.taken = self.refused = 0

    @property
    def waits(self) -> bool:
        """Whether a demonstration has begun."""
        return bool(self._seen)

    def take(self, seen: Observation) -> bool:
        """
        Take an observation; tell whether the demonstration is complete.

        :raises SpecError: it is longer than any that is taken.
        """
        if self._seen and not seen.follows(self._seen[-1]):
            self._seen.clear()
        if len(self._seen) >= _LONGEST:
            self._seen.clear()
            raise SpecError(f'demonstration of {seen.teacher}: more than {_LONGEST} steps')
        if self._seen or seen.step == 0:
            self._seen.append(seen._replace(vector=seen.vector.copy(), goal=seen.goal.copy()))
        return seen.last and len(self._seen) > 1

    def steps(self, model: PerceivingModel | None, usual: np.ndarray, episode: int) -> list[Step]:
        """
        Return the steps of the demonstration that is complete.

        :param model: of System A, that of now; None if there is none yet.
        :param usual: (V,) how far each plain number moves in a usual step of this body.
        :param episode: their number.
        :raises SpecError: why it is refused.
        """
        seen, self._seen = self._seen, []
        teacher = seen[0].teacher
        try:
            action, shown = self._actions(teacher, seen, model, usual)
        except SpecError:
            self.refused += 1
            raise
        self.taken += 1
        mode = label_of(teacher, shown=shown)
        steps = []
        for n, (one, does) in enumerate(zip(seen, [*action, None], strict=True)):
            told = one.success is not None
            reached = bool(one.success) if told else bool(self._spec.reached(
                one.vector[self._spec.goal_slice], one.goal))
            steps.append(Step(episode, n, one.stamp_ns, one.vector, one.goal, does, mode, reached,
                              'teacher', told=told, reward=one.reward))
        return steps

    def _actions(self, teacher: str, seen: list[Observation], model: PerceivingModel | None,
                 usual: np.ndarray) -> tuple[np.ndarray, bool]:
        """Return the actions (T - 1, A), and whether they were shown."""
        if (trusted := self._shown.trusted.get(teacher, PRIOR)) < DISTRUST:
            raise SpecError(f'demonstration of {teacher}: trust is {trusted:.2f}, less than '
                            f'{DISTRUST:g}: nothing is learned from it')
        given = [one.shown for one in seen[:-1]]
        shown = all(action is not None for action in given)
        if model is None:
            if not shown:
                raise SpecError(f'demonstration of {teacher}: System A has no model yet to tell '
                                'what was done; show it again later')
            return np.array(given, np.float32), True
        rows = np.stack([one.vector for one in seen])
        found = (explained(model, rows, np.array(given, np.float32), usual) if shown else
                 infer(model, rows, usual))
        if found.error > self._config.most_unexplained:
            raise SpecError(
                f"demonstration of {teacher}: System A's model misses it by {found.error:.2f} of "
                f'a usual step, at most {self._config.most_unexplained:g}: this body does not '
                'move so, or the model is too young')
        return found.action, shown
