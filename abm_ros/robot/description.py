"""
Reads limits and the body's tag from a robot description (URDF).

Only the limits of joints that are children of `<robot>` are read here; `links.py` reads links, and
`kinematics.py` computes positions. A simulated body adds extension tags for what URDF cannot
express: `<abm_body>` for the whole, and `<abm_input/>` in a joint that is a bounded input without
a measurable position or velocity (decision 0009).
"""

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from abm_ros.common.errors import DescriptionError
from abm_ros.robot.urdf_text import EXPAND, parse, some_of

_FINGER_M = 0.05      # a longer slide is no turn
MOVING = ('revolute', 'prismatic', 'continuous')


@dataclass(frozen=True)
class JointLimits:
    """
    Limits of the commanded joints, each (J,) float64 in rad or m, rad/s or m/s, Nm or N.

    A continuous joint has infinite position limits; velocity is always finite. An effort limit
    that is missing or zero is infinite if commands are no efforts. `inputs`: all of them are
    inputs without a position, so joint states do not contain them. `turns`: none of them slides
    further than a finger, which a turn about a far axis resembles.
    """

    joints: tuple[str, ...]
    lower: np.ndarray
    upper: np.ndarray
    velocity: np.ndarray
    effort: np.ndarray
    inputs: bool = False
    turns: bool = True

    @property
    def continuous(self) -> tuple[bool, ...]:
        """Whether each joint is continuous; a driver may report it within one turn."""
        return tuple(np.isinf(self.lower).tolist())

    def effort_ratio(self, effort: Mapping[str, float]) -> float:
        """Return the largest |effort| / limit over the joints that report an effort."""
        ratios = [abs(effort[name]) / limit
                  for name, limit in zip(self.joints, self.effort, strict=True)
                  if name in effort and np.isfinite(effort[name])]
        return max(ratios, default=0.0)


@dataclass(frozen=True)
class ChannelField:
    """
    An observation field made of the joint-state channels that start with a prefix.

    A hidden field is a target of learning that must not be perceived.
    """

    name: str
    channels: str
    size: int
    hidden: bool = False


@dataclass(frozen=True)
class BodyTag:
    """
    The contents of a simulated body's tag `<abm_body>`; a real robot has none.

    `senses` names what is observed of the arm itself. None means joint position, joint velocity
    and tool position for an arm, and nothing for a body whose goal is a channel. `camera` is the
    width and height in pixels of the camera image in an observation, 0 for none. `told` says that
    success is what the body tells, and the place of the goal means nothing.
    """

    goal_tolerance: float
    horizon: int
    control_period_s: float
    goal_field: str
    fields: tuple[ChannelField, ...] = ()
    senses: tuple[str, ...] | None = None
    camera: int = 0
    told: bool = False


def read_limits(text: str, joints: Sequence[str] = (), interface: str = 'position'
                ) -> JointLimits:
    """
    Read the limits of the named joints, or of every moving joint that does not mimic another.

    :param interface: what a command is; effort limits are needed only for efforts.
    :raises DescriptionError: not XML, an unknown joint, one named twice, or a joint without
        usable limits.
    """
    root = parse(text)
    found = moving_joints(root)
    chosen = tuple(joints) or tuple(found)
    if not chosen:
        raise DescriptionError('the robot description has no moving joint, expected one at least '
                               f'of the types {", ".join(MOVING)} that mimics no other')
    if twice := sorted({name for name in chosen if chosen.count(name) > 1}):
        raise DescriptionError(f'joint {", ".join(map(repr, twice))} is chosen more than once, '
                               'expected each joint once: two commands cannot move one joint')
    rows, unfit = {}, {}
    for name in chosen:
        if name not in found:
            raise DescriptionError(f"the robot description has no moving joint '{name}', "
                                   f'expected one of {some_of(found)}')
        try:
            rows[name] = _joint_row(name, found[name], interface)
        except DescriptionError as error:
            unfit[name] = error
    if unfit:
        _refuse(unfit, () if joints else tuple(rows))
    lower, upper, velocity, effort = np.array(list(rows.values()), float).T
    return JointLimits(chosen, lower, upper, velocity, effort,
                       all(found[name].find('abm_input') is not None for name in chosen),
                       all(found[name].get('type') != 'prismatic' or row[1] - row[0] <= _FINGER_M
                           for name, row in rows.items()))


def _refuse(unfit: Mapping[str, DescriptionError], fit: Sequence[str]) -> None:
    """Raise an error about the first bad joint that names the joints usable without it."""
    first, *others = unfit
    text = str(unfit[first])
    if others:
        text += f' (and {len(others)} more: {some_of(others)})'
    if fit:
        text += f"; to leave it out, set 'joints' to those to command, of {some_of(fit)}"
    raise DescriptionError(text)


def moving_joints(root: ElementTree.Element) -> dict[str, ElementTree.Element]:
    """
    Return the joints that may be commanded, by their names.

    :raises DescriptionError: two joints have the same name.
    """
    found: dict[str, ElementTree.Element] = {}
    for joint in root.findall('joint'):
        name = joint.get('name', '')
        if name in found:
            raise DescriptionError(f"the robot description has two joints '{name}', expected a "
                                   'name for each')
        if joint.get('type') in MOVING and joint.find('mimic') is None:
            found[name] = joint
    return found


def read_body_tag(text: str) -> BodyTag | None:
    """
    Read the `<abm_body>` tag, None where there is none.

    :raises DescriptionError: the tag is there but malformed.
    """
    tag = parse(text).find('abm_body')
    if tag is None:
        return None
    try:
        return BodyTag(
            float(tag.attrib['goal_tolerance']), int(tag.attrib['horizon']),
            float(tag.attrib['control_period_s']), tag.attrib['goal_field'],
            tuple(ChannelField(f.attrib['name'], f.attrib['channels'], int(f.attrib['size']),
                               f.get('hidden') == 'true') for f in tag.iter('field')),
            tuple(tag.attrib['senses'].split()) if 'senses' in tag.attrib else None,
            int(tag.get('camera', '0')), tag.get('told') == 'true')
    except (KeyError, ValueError) as error:
        raise DescriptionError(f'the <abm_body> tag is malformed: {error}') from error


def _joint_row(name: str, joint: ElementTree.Element, interface: str
               ) -> tuple[float, float, float, float]:
    limit = joint.find('limit')
    if limit is None:
        raise DescriptionError(f"joint '{name}' has no <limit>: the motor gate needs lower, "
                               'upper and velocity, and effort for effort commands')
    lower, upper = -np.inf, np.inf
    if joint.get('type') != 'continuous':
        # The default of URDF.
        lower, upper = (_number(name, limit, key, '0') for key in ('lower', 'upper'))
        if lower == upper:
            raise DescriptionError(f"joint '{name}' is locked: limits lower = upper = {lower:g}, "
                                   'expected lower < upper')
        if lower > upper:
            raise DescriptionError(f"joint '{name}': limits lower={lower:g} and upper={upper:g}, "
                                   'expected lower < upper')
    velocity = _number(name, limit, 'velocity')
    if velocity <= 0:
        raise DescriptionError(f"joint '{name}': limit velocity={velocity:g}, expected above 0: "
                               'write into the description how fast the joint may be')
    if interface != 'effort':
        told = limit.get('effort', '')
        return lower, upper, velocity, _positive_or_none(told)
    effort = _number(name, limit, 'effort')
    if effort <= 0:
        raise DescriptionError(f"joint '{name}': limit effort={effort:g}, expected above 0 for "
                               'effort commands')
    return lower, upper, velocity, effort


def _positive_or_none(raw: str) -> float:
    """Return a limit that no command uses; infinite where none is told."""
    try:
        value = float(raw)
    except ValueError:
        return np.inf
    return value if value > 0 else np.inf


def _number(name: str, limit: ElementTree.Element, key: str, default: str | None = None) -> float:
    raw = limit.get(key, default)
    if raw is not None and '${' in raw:
        raise DescriptionError(f"joint '{name}': limit {key}={raw!r} is xacro: {EXPAND}")
    try:
        value = float(raw)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise DescriptionError(f"joint '{name}': limit {key}={raw!r}, expected a number"
                               ) from None
    if not np.isfinite(value):
        raise DescriptionError(f"joint '{name}': limit {key}={raw!r} is not finite, expected a "
                               'finite number' + (' (a joint that turns for ever is of the type '
                                                  'continuous)' if key in ('lower', 'upper')
                                                  else ''))
    return value
