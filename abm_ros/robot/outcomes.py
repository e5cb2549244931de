"""What a task tells of the steps that were taken: success and reward, by whoever knows of them."""

import math
from collections.abc import Sequence

from abm_ros.common.errors import NonFiniteError

# Where a simulated body tells of the step that led to its state, beside its joints.
SUCCESS_CHANNEL, REWARD_CHANNEL = 'task_success.0', 'task_reward.0'
Told = tuple[bool | None, float]     # None and nan for nothing
NOTHING: Told = (None, math.nan)


class Outcomes:
    """
    Gathers what is told between two observations, and tells it of the second one.

    A button says so once when it is pressed, a detector over and over what it sees: so a success
    counts though it was taken back meanwhile, and what was told last holds for some time. Rewards
    are added up; once one was told, a step without any has the reward 0.
    """

    def __init__(self, hold_s: float) -> None:
        """:param hold_s: how long what is told of success holds, s by the stamps."""
        self._hold_s = hold_s
        self._newest: tuple[float, bool] | None = None     # when it was told, and what
        self._pressed = False
        self._reward, self._rewards = 0.0, False

    def success(self, reached: bool, at_s: float) -> None:
        """Take what is told of success, at the stamp of the last observation."""
        self._pressed = self._pressed or reached
        self._newest = (at_s, reached)

    def reward(self, value: float) -> None:
        """
        Take a reward.

        :raises NonFiniteError: it is NaN or infinite.
        """
        if not math.isfinite(value):
            raise NonFiniteError(f'task/reward: expected a finite number, got {value}')
        self._reward += value
        self._rewards = True

    def told(self, now_s: float, *, begins: bool) -> Told:
        """
        Return what was told of the step that led to an observation.

        :param now_s: its stamp.
        :param begins: it is the first of an episode: no step led to it.
        """
        told = NOTHING
        if begins:
            self._newest = None
        else:
            newest = self._newest
            holds = newest is not None and now_s - newest[0] <= self._hold_s
            success = True if self._pressed else newest[1] if newest and holds else None
            told = success, self._reward if self._rewards else math.nan
        self._pressed, self._reward = False, 0.0
        return told


def in_channels(names: Sequence[str], values: Sequence[float]) -> Told:
    """Return what a simulated body tells in its joint state."""
    found = {name: values[names.index(name)] for name in (SUCCESS_CHANNEL, REWARD_CHANNEL)
             if name in names}
    success = found.get(SUCCESS_CHANNEL)
    return None if success is None else success > 0.5, found.get(REWARD_CHANNEL, math.nan)
