"""
The links of a robot description: the tool's link, and the places of links fixed to the base.

The tool is the tip of the longest actuated chain: the end link that the most commanded joints
move.
"""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from abm_ros.common.errors import DescriptionError
from abm_ros.robot.urdf_text import parse, some_of

# Conventional names of tools (tool0, panda_hand_tcp, ee_link), preferred among equals.
_TOOL_NAME = re.compile(r'(^|[_/\-])(tool\d*|tcp|eef?|end_?effector)([_\-](link|frame))?$', re.I)


@dataclass(frozen=True)
class Tool:
    """The tool's link, and the tips of other chains of the same length."""

    link: str
    rivals: tuple[str, ...] = ()

    @property
    def choice(self) -> str:
        """A text about the choice, '' if there was none."""
        if not self.rivals:
            return ''
        return (f"the tool is '{self.link}'; as many of the joints move {some_of(self.rivals)}, "
                "which 'tool_link' would choose")


@dataclass(frozen=True)
class _Joint:
    name: str
    kind: str
    parent: str
    child: str
    xyz: tuple[float, ...]
    rpy: tuple[float, ...]


class Links:
    """The tree of links and joints."""

    def __init__(self, text: str) -> None:
        """
        Read the tree.

        :raises DescriptionError: it is no tree: a joint without a parent or child, several bases,
            or a link with two parents.
        """
        root = parse(text)
        links = root.findall('link')
        self.names = tuple(link.get('name', '') for link in links)
        self._weightless = [link.get('name', '') for link in links
                            if link.find('inertial') is None]
        self._above: dict[str, _Joint] = {}
        for joint in map(_joint, root.findall('joint')):
            if joint.child in self._above:
                raise DescriptionError(
                    f"link '{joint.child}' is the child of the joints '{joint.name}' and "
                    f"'{self._above[joint.child].name}', expected one: links are a tree")
            if strange := [end for end in (joint.parent, joint.child) if end not in self.names]:
                raise DescriptionError(f"joint '{joint.name}' names the link '{strange[0]}', "
                                       'which the robot description does not hold')
            self._above[joint.child] = joint
        bases = [name for name in self.names if name not in self._above]
        if len(bases) != 1:
            raise DescriptionError('expected one base, a link that is the child of no joint, got '
                                   f'{some_of(bases) or "none"}')
        self.base = bases[0]
        parents = {joint.parent for joint in self._above.values()}
        self._tips = [name for name in self.names if name not in parents]

    def tool(self, joints: Sequence[str], chosen: str = '') -> Tool:
        """
        Return the tool's link.

        :param joints: the commanded joints.
        :param chosen: the link that the user wants; '' takes the tip of the longest actuated
            chain, of several one named as tools are, else the first that is described.
        :raises DescriptionError: no such link, or none of the joints moves it.
        """
        known = {joint.name for joint in self._above.values()}
        if strange := [name for name in joints if name not in known]:
            raise DescriptionError(f'no joint {some_of(strange)} in the robot description, '
                                   f'expected some of {some_of(sorted(known))}')
        moved = {name: sum(joint.name in joints for joint in self._chain(name))
                 for name in ([chosen] if chosen else self._tips)}
        most = max(moved.values())
        if not most:
            tip = f"; '{self.tool(joints).link}' is moved" if chosen else ''
            raise DescriptionError(f"none of the joints {some_of(joints)} moves the tool link "
                                   f"'{chosen or next(iter(moved))}', expected a link behind one "
                                   f'of them{tip}')
        longest = [name for name, count in moved.items() if count == most]
        link = next((name for name in longest if _TOOL_NAME.search(name)), longest[0])
        return Tool(link, tuple(name for name in longest if name != link))

    def from_base(self, link: str) -> tuple[np.ndarray, np.ndarray]:
        """
        Return the place of a link that is fixed to the base.

        :return: rotation (3, 3) and place (3,) m of its frame in that of the base.
        :raises DescriptionError: no such link, or a joint moves it.
        """
        rotation, place = np.eye(3), np.zeros(3)
        for joint in reversed(self._chain(link)):       # from the base on
            if joint.kind != 'fixed':
                raise DescriptionError(f"joint '{joint.name}' moves the link '{link}'")
            place = place + rotation @ joint.xyz
            rotation = rotation @ _rotation(*joint.rpy)
        return rotation, place

    @property
    def fixed(self) -> tuple[str, ...]:
        """The links that the description fixes to the base, with the base itself."""
        return tuple(name for name in self.names
                     if all(joint.kind == 'fixed' for joint in self._chain(name)))

    @property
    def weightless(self) -> dict[str, bool]:
        """The links of which no inertia is told; whether each is fixed to the one above it."""
        return {name: name not in self._above or self._above[name].kind == 'fixed'
                for name in self._weightless}

    def _chain(self, link: str) -> list[_Joint]:
        """Return the joints between a link and the base, from the link on."""
        if link not in self.names:
            raise DescriptionError(f"no link '{link}' in the robot description, expected one of "
                                   f'{some_of(self.names)}')
        chain = []
        while (joint := self._above.get(link)) is not None:
            chain.append(joint)
            link = joint.parent
            if len(chain) > len(self._above):
                raise DescriptionError(f"the links around '{link}' are a loop, expected a tree")
        return chain


def _joint(element: ElementTree.Element) -> _Joint:
    name, origin = element.get('name', ''), element.find('origin')
    told = {} if origin is None else origin.attrib
    return _Joint(name, element.get('type', ''), _end(element, 'parent'), _end(element, 'child'),
                  _triple(name, told.get('xyz')), _triple(name, told.get('rpy')))


def _end(joint: ElementTree.Element, which: str) -> str:
    end = joint.find(which)
    link = '' if end is None else end.get('link', '')
    if not link:
        raise DescriptionError(f"joint '{joint.get('name', '')}' has no <{which} link=...>")
    return link


def _triple(name: str, raw: str | None) -> tuple[float, ...]:
    try:
        values = tuple(map(float, (raw or '0 0 0').split()))
    except ValueError:
        values = ()
    if len(values) != 3 or not np.isfinite(values).all():
        raise DescriptionError(f"joint '{name}': origin {raw!r}, expected three numbers")
    return values


def _rotation(roll: float, pitch: float, yaw: float) -> np.ndarray:
    """Return the rotation of URDF's angles: about the fixed axes x, then y, then z."""
    (a, b, c), (x, y, z) = np.cos((roll, pitch, yaw)), np.sin((roll, pitch, yaw))
    return np.array([[c * b, c * y * x - z * a, c * y * a + z * x],
                     [z * b, z * y * x + c * a, z * y * a - c * x],
                     [-y, b * x, b * a]])
