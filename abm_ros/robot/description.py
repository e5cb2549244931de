"""
What a robot description (URDF) says of limits and of the body behind it.

Only `<joint>` limits are read here; kinematics is left to a library (see `kinematics.py`).
A simulated body adds extension tags for what URDF has no words for: `<abm_body>` for the whole,
`<abm_input/>` in a joint that is a bounded input with no place and no speed to be measured.
"""

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from abm_ros.common.errors import DescriptionError

_MOVING = ('revolute', 'prismatic', 'continuous')


@dataclass(frozen=True)
class JointLimits:
    """
    Limits of the commanded joints, each (J,) float64 in rad or m, rad/s or m/s, Nm or N.

    A continuous joint has infinite position limits; velocity and effort are always finite.
    `inputs` says that all of them are inputs without a place: no joint states tell of them.
    `turns` says that none of them slides.
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
        """Whether each joint turns for ever: a driver may tell it within one turn."""
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

    A hidden one is a target of learning that must not be perceived.
    """

    name: str
    channels: str
    size: int
    hidden: bool = False


@dataclass(frozen=True)
class BodyTag:
    """
    What a simulated body says of itself in `<abm_body>`; a real robot has none.

    `senses` names what of the arm itself is observed; None: joint position, joint velocity and
    tool position of an arm, nothing of a body whose goal travels as channels. `camera` is the
    width and height in pixels of the camera image that belongs to an observation, 0 for none.
    """

    goal_tolerance: float
    horizon: int
    control_period_s: float
    goal_field: str
    fields: tuple[ChannelField, ...] = ()
    senses: tuple[str, ...] | None = None
    camera: int = 0


def read_limits(text: str, joints: Sequence[str] = ()) -> JointLimits:
    """
    Read the limits of the named joints, or of every moving joint that mimics no other.

    :raises DescriptionError: not XML, an unknown joint, one named twice, or a joint without
        usable limits.
    """
    found = {j.get('name', ''): j for j in _parse(text).iter('joint')
             if j.get('type') in _MOVING and j.find('mimic') is None}
    chosen = tuple(joints) or tuple(found)
    if not chosen:
        raise DescriptionError('the robot description has no moving joint')
    if twice := sorted({name for name in chosen if chosen.count(name) > 1}):
        raise DescriptionError(f'joint {", ".join(map(repr, twice))} is chosen more than once, '
                               'expected each joint once: two commands cannot move one joint')
    rows = []
    for name in chosen:
        if name not in found:
            raise DescriptionError(f"the robot description has no moving joint '{name}', "
                                   f'expected one of {", ".join(found)}')
        rows.append(_joint_row(name, found[name]))
    lower, upper, velocity, effort = np.array(rows, float).T
    return JointLimits(chosen, lower, upper, velocity, effort,
                       all(found[name].find('abm_input') is not None for name in chosen),
                       all(found[name].get('type') != 'prismatic' for name in chosen))


def read_body_tag(text: str) -> BodyTag | None:
    """
    Read the `<abm_body>` tag, None where there is none.

    :raises DescriptionError: the tag is there but malformed.
    """
    tag = _parse(text).find('abm_body')
    if tag is None:
        return None
    try:
        return BodyTag(
            float(tag.attrib['goal_tolerance']), int(tag.attrib['horizon']),
            float(tag.attrib['control_period_s']), tag.attrib['goal_field'],
            tuple(ChannelField(f.attrib['name'], f.attrib['channels'], int(f.attrib['size']),
                               f.get('hidden') == 'true') for f in tag.iter('field')),
            tuple(tag.attrib['senses'].split()) if 'senses' in tag.attrib else None,
            int(tag.get('camera', '0')))
    except (KeyError, ValueError) as error:
        raise DescriptionError(f'the <abm_body> tag is malformed: {error}') from error


def _parse(text: str) -> ElementTree.Element:
    if '<!DOCTYPE' in text or '<!ENTITY' in text:
        raise DescriptionError('the robot description must not declare a DTD or entities')
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise DescriptionError(f'the robot description is not XML: {error}') from error
    if root.tag != 'robot':
        raise DescriptionError(f'expected a <robot> element, got <{root.tag}>')
    return root


def _joint_row(name: str, joint: ElementTree.Element) -> tuple[float, float, float, float]:
    limit = joint.find('limit')
    if limit is None:
        raise DescriptionError(f"joint '{name}' has no <limit>: the motor gate needs lower, "
                               'upper, velocity and effort')
    bounded = joint.get('type') != 'continuous'
    keys = ('lower', 'upper', 'velocity', 'effort') if bounded else ('velocity', 'effort')
    values = {'lower': -np.inf, 'upper': np.inf}
    for key in keys:
        raw = limit.get(key)
        try:
            values[key] = float(raw)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise DescriptionError(f"joint '{name}': limit {key}={raw!r}, expected a number"
                                   ) from None
        if not np.isfinite(values[key]):
            raise DescriptionError(f"joint '{name}': limit {key} is not finite")
    if values['lower'] >= values['upper'] or min(values['velocity'], values['effort']) <= 0:
        raise DescriptionError(f"joint '{name}': expected lower < upper, velocity > 0 and "
                               f'effort > 0, got {values}')
    return values['lower'], values['upper'], values['velocity'], values['effort']
