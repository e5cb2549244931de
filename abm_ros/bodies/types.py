"""The protocol of simulated bodies (`Body`) and their state after a step (`BodyState`)."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from abm_ros.common.errors import BodyError


@dataclass(frozen=True)
class BodyState:
    """
    The readings of the body's sensors after one control step.

    `episode` counts from 0, once per new goal; `step` counts the control steps within it. The
    state of the success or of the last step still has the old episode and goal.
    """

    episode: int
    step: int
    channels: tuple[str, ...]                  # names of the joints or channels
    position: np.ndarray                       # (J,) float64, rad or m, or the channel's value
    velocity: np.ndarray | None                # (J,) float64, rad/s or m/s
    effort: np.ndarray | None                  # (J,) float64, Nm or N
    tool_position: np.ndarray | None           # (3,) float64, m
    tool_orientation: np.ndarray | None        # (4,) float64, quaternion x y z w
    object_position: np.ndarray | None         # (3,) float64, m
    goal: np.ndarray | None                    # (G,) float64, the desired goal, SI
    energy: float                              # charge of the battery in [0, 1]
    image: np.ndarray | None                   # (H, W, 3) uint8
    success: bool
    goal_distance: float | None = None         # m, for a task that tells only the distance
    told: bool | None = None                   # the success, if the task itself tells it
    reward: float | None = None                # likewise


class Body(Protocol):
    """
    A body that is stepped from outside, one command at a time.

    `step` at the end of an episode (success seen, or `horizon` steps done) begins the next one
    and returns its first state. One seed and the same commands give bit-identical states.
    """

    @property
    def command_joints(self) -> tuple[str, ...]:
        """Names of the joints that a command (A,) moves, in its order."""

    @property
    def interface(self) -> str:
        """What a command is: 'position', 'velocity' or 'effort'."""

    @property
    def control_period_s(self) -> float:
        """Simulated time of one control step, s."""

    @property
    def horizon(self) -> int:
        """Largest number of control steps in an episode."""

    @property
    def goal_tolerance(self) -> float:
        """Distance up to which the goal counts as reached, in the goal's unit."""

    def description(self) -> str:
        """Return the robot description (URDF) with the `<abm_body>` tag."""

    def state(self) -> BodyState:
        """Return the present state without a step."""

    def step(self, command: np.ndarray) -> BodyState:
        """
        Apply a command for one control period.

        :param command: (A,) float64 in the unit of `interface`.
        :raises BodyError: wrong shape or not finite; the body does not move.
        """

    def close(self) -> None:
        """Release the simulator; may be called twice."""


def check_command(command: np.ndarray, size: int) -> np.ndarray:
    """
    Return the command as float64 (size,); refuse one that a body must not apply.

    :raises BodyError: wrong shape or not finite.
    """
    array = np.asarray(command, np.float64)
    if array.shape != (size,):
        raise BodyError(f'command: expected shape ({size},), got {array.shape}')
    if not np.isfinite(array).all():
        raise BodyError(f'command: {int((~np.isfinite(array)).sum())} of {size} numbers are not '
                        'finite; the body did not move')
    return array
