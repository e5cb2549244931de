"""
The recorder: pairs each observation with its executed action and cuts episodes.

An observation becomes a lived step when the next observation arrives: only then is it known
whether its action led to a transition.
"""

from collections import OrderedDict

import numpy as np

from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Observation, Step, corrected_by

# At least as many as a queue between nodes holds: all of one stream may come before the other.
_ACTIONS_KEPT = 256
# After this many later observations, a missing action counts as never executed.
_PATIENCE = 20


class Recorder:
    """
    Turns the two streams `observation` and `motor_gate/executed` into steps.

    A step is settled when its successor is there, and its action is there or was never executed.
    Actions come in order. So an action was never executed if a later one has come, or if it is
    still missing after `_PATIENCE` more observations.

    If the clock of the robot jumps back, the episode ends and what came before is settled:
    stamps repeat then, and no old action belongs to a new observation.
    """

    def __init__(self, spec: ObservationSpec, next_episode: int) -> None:
        """`next_episode` is the first free episode number of this life."""
        self.spec = spec
        self._episode = next_episode - 1
        self._index = 0
        self._waiting: list[Observation] = []
        self._actions: OrderedDict[int, tuple[np.ndarray, str]] = OrderedDict()
        self._cut = True
        self.mode = ''

    def claim(self) -> int:
        """Return a number for an episode that others lived; what comes next is a new one."""
        self._episode += 1
        self._cut = True
        return self._episode

    def executed(self, stamp_ns: int, action: np.ndarray, teacher: str = '') -> list[Step]:
        """
        Take an executed action (A,); return the steps that are settled by it.

        :param teacher: whose correction it was, '' for System B's own action.
        """
        steps = self.cut() if stamp_ns < next(reversed(self._actions), -1) else []
        self._actions[stamp_ns] = (action, teacher)
        while len(self._actions) > _ACTIONS_KEPT:
            self._actions.popitem(last=False)
        return steps + self._settle()

    def observed(self, seen: Observation) -> list[Step]:
        """Take an observation; return the steps that are settled by it."""
        steps: list[Step] = []
        if self._waiting and seen.stamp_ns <= (last := self._waiting[-1]).stamp_ns:
            if seen.episode == last.episode:
                return []
            steps = self.cut()
        self._waiting.append(seen)
        return steps + self._settle()

    def cut(self) -> list[Step]:
        """End the episode, on a change of mode or a pause; return its remaining steps."""
        steps = self._settle(patience=0)
        steps += [self._step(seen, None) for seen in self._waiting]
        self._waiting.clear()
        self._actions.clear()
        self._cut = True
        return steps

    def _settle(self, patience: int = _PATIENCE) -> list[Step]:
        steps = []
        while len(self._waiting) >= 2:
            seen, following = self._waiting[:2]
            continues = following.follows(seen)
            action = self._actions.get(seen.stamp_ns)
            if continues and action is None and self._may_come(seen.stamp_ns, patience):
                break
            steps.append(self._step(seen, action if continues else None))
            del self._waiting[0]
            if not continues:
                self._cut = True
        return steps

    def _may_come(self, stamp_ns: int, patience: int) -> bool:
        newest = next(reversed(self._actions), -1)
        return newest < stamp_ns and len(self._waiting) <= patience

    def _step(self, seen: Observation, done: tuple[np.ndarray, str] | None) -> Step:
        action, teacher = done if done is not None else (None, '')
        if self._cut:
            self._episode += 1
            self._index = 0
            self._cut = False
        else:
            self._index += 1
        told, spec = seen.success is not None, self.spec
        success = bool(seen.success) if told else not spec.told and bool(
            spec.reached(seen.vector[spec.goal_slice], seen.goal))
        return Step(self._episode, self._index, seen.stamp_ns, seen.vector, seen.goal, action,
                    corrected_by(teacher) if teacher else self.mode, success,
                    'teacher' if teacher else 'self', told=told, reward=seen.reward)
