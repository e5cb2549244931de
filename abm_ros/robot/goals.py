"""The goal in force, given in any known frame, at any time, with or without a stamp."""

import numpy as np

from abm_ros.common.errors import SpecError
from abm_ros.robot.goal_frames import GoalFrames


class Goals:
    """
    Takes goals.

    `newest` is the goal in force: its stamp, which identifies it, and its pose (7,) in the frame
    of the base. A refused goal leaves the last one in force.
    """

    def __init__(self) -> None:
        self.newest: tuple[int, np.ndarray] | None = None
        self.refused = 0
        self._frames: GoalFrames | None = None
        self._told: tuple[str, int, tuple[float, ...]] | None = None
        self._stamp_ns = -1
        self._may_come_again = False

    def describe(self, frames: GoalFrames) -> None:
        """Take the frames of the description, and the goal that waited for them."""
        self._frames = frames
        self._settle()

    def reactivate(self) -> None:
        """Expect the goal in force again, since a latched topic repeats it."""
        self._may_come_again = True

    def take(self, frame: str, pose: np.ndarray, stamp_ns: int, arrival_ns: int) -> bool:
        """
        Take a goal; tell whether it came into force.

        :param frame: name of the frame of the pose.
        :param pose: (7,) position x y z, m, and orientation, a quaternion x y z w.
        :param stamp_ns: its stamp; if 0, the time of arrival identifies the goal.
        :raises SpecError: the frame is not known.
        """
        told = frame, stamp_ns, tuple(pose.tolist())
        again = self._may_come_again and told == self._told
        self._may_come_again = False
        if again:
            return False
        self._told, self._stamp_ns = told, stamp_ns if stamp_ns > 0 else arrival_ns
        return self._settle()

    def tool_position(self, frame: str, position: np.ndarray) -> np.ndarray:
        """
        Return a tool's position (3,) in the frame of the base; its frame is known from then on.

        :raises SpecError: a joint moves the frame.
        """
        assert self._frames is not None, 'the description comes first'
        if self._frames.adopt(frame) and self._told is not None and self._told[0] == frame:
            self._settle()      # it was refused until now
        return self._frames.in_base(frame, position)

    def _settle(self) -> bool:
        if self._frames is None or self._told is None:
            return False
        frame, _, pose = self._told
        try:
            self.newest = self._stamp_ns, self._frames.in_base(frame, np.array(pose))
        except SpecError:
            self.refused += 1
            raise
        return True
