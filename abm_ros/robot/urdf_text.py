"""The text of a robot description: read from a file, and made into elements."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from pathlib import Path

from abm_ros.common.errors import DescriptionError

# A document type with declarations of its own; one without is harmless, and common.
_DECLARES = re.compile(r'<!DOCTYPE[^>\[]*\[|<!ENTITY')
_ENCODING = re.compile(rb'^\s*<\?xml[^>]*encoding\s*=\s*["\']([\w.-]+)["\']')
_PREFIX = re.compile(r'[<\s/]([A-Za-z_][\w.-]*):[A-Za-z_]')
_FEW = 12     # names in a message
_XACRO = 'http://www.ros.org/wiki/xacro'
EXPAND = 'expand it first: xacro robot.urdf.xacro > robot.urdf'


def read_description(path: Path) -> str:
    """
    Read the text of a URDF file, in the encoding that it declares.

    :raises DescriptionError: it cannot be read.
    """
    try:
        raw = path.read_bytes()
        declared = _ENCODING.match(raw.removeprefix(b'\xef\xbb\xbf'))
        return cleaned(raw.decode(declared[1].decode() if declared else 'utf-8'))
    except OSError as error:
        raise DescriptionError(f"cannot read the URDF '{path}': {error.strerror}") from error
    except (UnicodeDecodeError, LookupError) as error:
        raise DescriptionError(f"cannot read the URDF '{path}': {error}") from error


def cleaned(text: str) -> str:
    """Return a description without what may stand before it: a byte order mark, empty lines."""
    return text.lstrip('\ufeff \t\r\n')


def some_of(names: Iterable[str]) -> str:
    """Return names for a message, the first ones of many."""
    every = [repr(name) for name in names]
    text = ', '.join(every[:_FEW])
    return f'{text} and {len(every) - _FEW} more' if len(every) > _FEW else text


def _with_namespaces(text: str) -> str:
    """
    Declare the prefixes of names that nobody declared, such as `sensor:` in old descriptions.

    ROS's own parser knows nothing of namespaces.
    """
    loose = {prefix for prefix in _PREFIX.findall(text)
             if f'xmlns:{prefix}' not in text and not prefix.lower().startswith('xml')}
    told = ''.join(f' xmlns:{prefix}="{_XACRO if prefix == "xacro" else prefix}"'
                   for prefix in sorted(loose))
    return re.sub(r'<robot\b', f'<robot{told}', text, count=1) if told else text


def parse(text: str) -> ElementTree.Element:
    """
    Return the `<robot>` element; names are without namespaces.

    :raises DescriptionError: it is not XML, not a robot, or xacro that was not expanded.
    """
    if _DECLARES.search(text):
        raise DescriptionError('the robot description must not declare a DTD or entities')
    try:
        root = ElementTree.fromstring(_with_namespaces(cleaned(text)))
    except ElementTree.ParseError as error:
        raise DescriptionError(f'the robot description is not XML: {error}') from error
    for element in root.iter():
        space, _, name = element.tag.rpartition('}')
        if space.removeprefix('{') == _XACRO:
            raise DescriptionError(f'the robot description holds <xacro:{name}>: {EXPAND}')
        element.tag = name
    if root.tag != 'robot':
        raise DescriptionError(f'expected a <robot> element, got <{root.tag}>: the robot '
                               'description must be URDF')
    return root
