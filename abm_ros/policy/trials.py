"""
Places where teachers showed a success, until own experience judged them (decision 0068).

Each is gone to on purpose. One that was not judged in its episode, because the model is young or
because another success ended it, waits for its next turn behind the others.
"""

from collections import deque

import numpy as np

from abm_ros.common.claim import OwnSuccesses, Verdict
from abm_ros.common.spec import ObservationSpec

# Places that wait, the newest, and episodes that one is tried in. A place that is not reached in
# these stays unjudged: that the robot cannot get there yet says nothing of the teacher.
_PLACES, _EPISODES = 8, 4


class Trials:
    """
    What is to be tried.

    :param spec: decides when a place is reached.
    """

    def __init__(self, spec: ObservationSpec) -> None:
        self._spec = spec
        self._successes = OwnSuccesses(spec)
        self._waiting: deque[tuple[Verdict, int]] = deque(maxlen=_PLACES)

    @property
    def place(self) -> np.ndarray | None:
        """Where (G,) to go; None if nothing is to be tried."""
        return self._waiting[0][0].place if self._waiting else None

    def watch(self, place: np.ndarray) -> None:
        """Note a place (G,) that was shown, unless own experience confirms it already."""
        verdict = self._successes.verdict(np.asarray(place, np.float32).copy())
        if verdict.held is None:
            self._waiting.append((verdict, 0))

    def observe(self, achieved: np.ndarray, *, success: bool) -> None:
        """Take what was achieved (G,), and whether the task told a success."""
        if success:
            self._successes.add(achieved)
        for verdict, _ in self._waiting:
            verdict.see(self._spec, achieved, success=success)
        if any(verdict.held is not None for verdict, _ in self._waiting):
            self._waiting = deque((one for one in self._waiting if one[0].held is None), _PLACES)

    def end_episode(self) -> None:
        """Put off the place that was tried in an episode without being judged."""
        verdict, episodes = self._waiting.popleft()
        if episodes + 1 < _EPISODES:
            self._waiting.append((verdict, episodes + 1))
