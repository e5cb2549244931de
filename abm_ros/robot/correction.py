"""
Corrections: where a person wants the joints to be while the robot acts.

A correction becomes the action that leads there from where the joints are, so that the motor guard
keeps it within every limit, as it does with System B's (HIL-SERL, Luo et al. 2024,
arXiv:2410.21845: interventions replace the policy's actions and are learned from).
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from abm_ros.common.errors import NonFiniteError, SpecError
from abm_ros.robot.demonstration import check_teacher
from abm_ros.robot.joint_readings import whole_turns


class Correction(NamedTuple):
    """Joint positions (J,) that a teacher wants now, rad or m, in the order of the commands."""

    teacher: str
    position: tuple[float, ...]


def read_correction(teacher: str, named: Sequence[str], position: Sequence[float],
                    joints: Sequence[str]) -> Correction:
    """
    Return the correction of a message.

    :param named: the joints that the message names, in any order.
    :param joints: those that are commanded, in the order of the commands.
    :raises SpecError: another teacher's name, other joints or another number of positions.
    :raises NonFiniteError: a position is NaN or infinite.
    """
    check_teacher(teacher)
    who = f'correction of {teacher}'
    if len(position) != len(named):
        raise SpecError(f'{who}: expected a first point with {len(named)} positions, one for '
                        f'each joint that it names, got {len(position)}')
    if sorted(named) != sorted(joints):
        raise SpecError(f'{who}: expected the joints {", ".join(joints)}, got '
                        f'{", ".join(named) or "none"}')
    if not all(map(math.isfinite, position)):
        raise NonFiniteError(f'{who}: not all positions are finite: {list(position)}')
    wanted = dict(zip(named, position, strict=True))
    return Correction(teacher, tuple(wanted[joint] for joint in joints))


def towards(wanted: Sequence[float], position: Sequence[float], full: Sequence[float],
            endless: Iterable[int]) -> np.ndarray:
    """
    Return the action (J,) in [-1, 1] that leads to a pose in a control period, or towards it.

    :param wanted: (J,) rad or m.
    :param position: (J,) rad or m, where the joints are.
    :param full: (J,) rad or m, how far a full action leads in a control period.
    :param endless: joints without an end, which go the shorter way round.
    """
    way = [there - here for there, here in zip(wanted, position, strict=True)]
    for joint in endless:
        way[joint] -= whole_turns(way[joint])
    return np.clip(way, -np.array(full), full) / np.array(full)
