"""
Robot descriptions of the bodies, and the `<abm_body>` tag that they carry.

The tag holds what URDF cannot express; `abm_ros.robot.description.read_body_tag` reads it.
"""

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

from abm_ros.common.errors import BodyError
from abm_ros.robot.description import BodyTag

_HIDDEN = ' hidden="true"'


def body_tag(tag: BodyTag) -> str:
    """Write a `<abm_body>` element."""
    fields = ''.join(f'<field name={quoteattr(f.name)} channels={quoteattr(f.channels)} '
                     f'size="{f.size}"{_HIDDEN if f.hidden else ""}/>' for f in tag.fields)
    senses = '' if tag.senses is None else f' senses={quoteattr(" ".join(tag.senses))}'
    camera = f' camera="{tag.camera}"' if tag.camera else ''
    told = ' told="true"' if tag.told else ''
    return (f'<abm_body goal_tolerance="{tag.goal_tolerance!r}" horizon="{tag.horizon}" '
            f'control_period_s="{tag.control_period_s!r}" '
            f'goal_field={quoteattr(tag.goal_field)}{senses}{camera}{told}>{fields}</abm_body>')


def with_body_tag(urdf: str, tag: BodyTag) -> str:
    """
    Insert a `<abm_body>` element before the end of a URDF.

    :raises BodyError: the text does not end a robot element.
    """
    head, end, tail = urdf.rpartition('</robot>')
    if not end:
        raise BodyError('the URDF has no </robot>: it is not a robot description')
    return f'{head}  {body_tag(tag)}\n{end}{tail}'


def command_urdf(name: str, joints: Sequence[str], velocity: float) -> str:
    """
    Write a URDF that holds only the limits of normalised commands in [-1, 1].

    A command is a bounded input ("effort"), not a position. The joints are continuous, so that
    their positions are not expected among the joint states.

    :param name: of the robot.
    :param joints: one name per command.
    :param velocity: limit of each joint, large when the body sets none.
    """
    lines = [f'<robot name={quoteattr(name)}>', '  <link name="base_link"/>']
    for joint in joints:
        link = quoteattr(f'{joint}_link')
        lines += [f'  <link name={link}/>',
                  f'  <joint name={quoteattr(joint)} type="continuous">',
                  f'    <parent link="base_link"/><child link={link}/><axis xyz="1 0 0"/>',
                  f'    <limit effort="1" velocity="{velocity:g}"/><abm_input/>',
                  '  </joint>']
    return '\n'.join([*lines, '</robot>', ''])
