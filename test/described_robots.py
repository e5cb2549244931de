"""
Descriptions as people have them: one oddity each, and what must come of it.

All are of one arm: a shoulder that turns about z at 0.2 m, an elbow that bends about y 0.4 m out,
and a tool 0.3 m beyond it.
"""

from typing import NamedTuple

LIMIT = '<limit lower="-2" upper="2" velocity="1.5" effort="30"/>'
DECLARED = '<?xml version="1.0" encoding="utf-8"?>\n'
CAMERA = '<link name="cam"/>'
CAMERA_JOINT = ('<joint name="z_cam" type="fixed"><parent link="base"/><child link="cam"/>'
                '<origin xyz="-1 0 1"/></joint>')
WORLD = ('<link name="world"/><joint name="root" type="{}"><parent link="world"/>'
         '<child link="base"/></joint>')


class Kind(NamedTuple):
    """A description; the tool and joints that it has, or a pattern of what it is refused with."""

    text: str
    tool: str = ''
    joints: tuple[str, ...] = ('shoulder', 'elbow')
    refused: str = ''
    mesh: str = ''      # what the simulator alone refuses it for


def joint(name: str, parent: str, child: str, xyz: str, axis: str = '', limit: str = LIMIT,
          kind: str = 'revolute', more: str = '') -> str:
    axis = f'<axis xyz="{axis}"/>' if axis else ''
    return (f'<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/>'
            f'<origin xyz="{xyz}"/>{axis}{limit}{more}</joint>')


def arm(limit: str = LIMIT, elbow: str = LIMIT, kind: str = 'revolute', before: str = '',
        after: str = '', shoulder: str = 'shoulder', upper: str = '', root: str = '') -> str:
    return (f'<robot name="r"{root}>{before}<link name="base"/><link name="upper">{upper}</link>'
            '<link name="fore"/>'
            + joint(shoulder, 'base', 'upper', '0 0 0.2', '0 0 1', limit, kind)
            + joint('elbow', 'upper', 'fore', '0.4 0 0', '0 1 0', elbow, kind)
            + '<link name="tool0"/>'
            + joint('flange', 'fore', 'tool0', '0.3 0 0', limit='', kind='fixed')
            + after + '</robot>')


def mesh(name: str) -> str:
    return f'<visual><geometry><mesh filename="{name}"/></geometry></visual>'


FINGERS = ('<link name="left"/><link name="right"/>'
           + joint('left_finger', 'tool0', 'left', '0 0 0', '0 1 0',
                   '<limit lower="0" upper="0.04" velocity="0.2" effort="20"/>', 'prismatic')
           + joint('right_finger', 'tool0', 'right', '0 0 0', '0 -1 0',
                   '<limit lower="0" upper="0.04" velocity="0.2" effort="20"/>', 'prismatic',
                   '<mimic joint="left_finger"/>'))
WHEEL = '<link name="wheel"/>' + joint('wheel_joint', 'base', 'wheel', '0 0 0', '0 1 0', '',
                                       'continuous')
KINDS = {
    'plain': Kind(arm(), 'tool0'),
    'byte order mark': Kind('\ufeff' + DECLARED + arm(), 'tool0'),
    'leading newline': Kind('\n\n' + DECLARED + arm(), 'tool0'),
    'doctype': Kind(DECLARED + '<!DOCTYPE robot>\n' + arm(), 'tool0'),
    'doctype of a file': Kind('<!DOCTYPE robot SYSTEM "urdf.dtd">' + arm(), 'tool0'),
    'entities': Kind('<!DOCTYPE robot [<!ENTITY a "b">]>' + arm(), refused='DTD or entities'),
    'default namespace': Kind(arm(root=' xmlns="http://www.ros.org"'), 'tool0'),
    'other letters': Kind(arm(shoulder='\u80a9/\u00e4'), 'tool0', ('\u80a9/\u00e4', 'elbow')),
    'camera described first': Kind(arm(before=CAMERA, after=CAMERA_JOINT), 'tool0'),
    'camera described last': Kind(arm(after=CAMERA + CAMERA_JOINT), 'tool0'),
    'two tips, one a tool': Kind(arm(before='<link name="light"/>', after=joint(
        'a_mount', 'fore', 'light', '0 0 1', limit='', kind='fixed')), 'tool0'),
    'fixed to the world': Kind(arm(after=WORLD.format('fixed')), 'tool0'),
    'floating base': Kind(arm(before=WORLD.format('floating')), 'tool0'),
    'joint of gazebo': Kind(arm(after=(
        '<gazebo><joint name="loop" type="revolute"><parent>fore</parent><child>base</child>'
        '<axis><limit><lower>-1</lower></limit></axis></joint></gazebo>')), 'tool0'),
    'joint of gazebo with a known name': Kind(arm(after=(
        '<gazebo reference="elbow"><joint name="elbow" type="revolute"><axis><limit>'
        '<effort>5</effort></limit></axis></joint></gazebo>')), 'tool0'),
    'joint of a transmission': Kind(arm(after=(
        '<transmission name="t"><joint name="elbow"><hardwareInterface>x</hardwareInterface>'
        '</joint></transmission>')), 'tool0'),
    'mimicking finger': Kind(arm(after=FINGERS), 'left', ('shoulder', 'elbow', 'left_finger')),
    'effort of zero': Kind(arm(LIMIT.replace('30', '0'), LIMIT.replace('30', '0')), 'tool0'),
    'no effort': Kind(arm(LIMIT.replace(' effort="30"', '')), 'tool0'),
    'no lower limit': Kind(arm(LIMIT.replace('lower="-2" ', '')), 'tool0'),
    'continuous': Kind(arm('<limit velocity="1.5" effort="30"/>',
                           '<limit velocity="1.5" effort="30"/>', 'continuous'), 'tool0'),
    'continuous with ends': Kind(arm(kind='continuous'), 'tool0'),
    'velocity of zero': Kind(arm(LIMIT.replace('1.5', '0')), refused=(
        "'shoulder': limit velocity=0, expected above 0.*to leave it out.*elbow")),
    'endless velocity': Kind(arm(LIMIT.replace('1.5', 'inf')), refused=(
        "'shoulder': limit velocity='inf' is not finite")),
    'endless range': Kind(arm('<limit lower="-inf" upper="inf" velocity="1" effort="1"/>'),
                          refused="'shoulder': limit lower='-inf'.*continuous"),
    'locked': Kind(arm('<limit lower="0" upper="0" velocity="1" effort="1"/>'), refused=(
        "'shoulder' is locked.*'joints'.*elbow")),
    'upside down': Kind(arm('<limit lower="1" upper="-1" velocity="1" effort="1"/>'),
                        refused="'shoulder'.*expected lower < upper"),
    'wheel without limits': Kind(arm(after=WHEEL), refused=(
        "'wheel_joint' has no <limit>.*'joints'.*'shoulder', 'elbow'")),
    'no limits at all': Kind(arm('', ''), refused="'shoulder' has no <limit>.*1 more: 'elbow'"),
    'comma for a point': Kind(arm(LIMIT.replace('1.5', '1,5')),
                              refused="'1,5', expected a number"),
    'xacro in a number': Kind(arm(LIMIT.replace('upper="2"', 'upper="${pi}"')), refused='xacro'),
    'xacro elements': Kind(arm(after='<xacro:gripper/>',
                               root=' xmlns:xacro="http://www.ros.org/wiki/xacro"'),
                           refused='<xacro:gripper>'),
    'xacro without its namespace': Kind(arm(after='<xacro:gripper/>'),
                                        refused='<xacro:gripper>'),
    'prefix without a namespace': Kind(arm(after='<gazebo><sensor:ray a:b="1"/></gazebo>'),
                                       'tool0'),
    'part of a robot': Kind(arm().replace('<link name="base"/>', ''),
                            refused="'shoulder' names the link 'base', which"),
    'nothing moves': Kind('<robot name="r"><link name="a"/><link name="b"/>'
                          + joint('f', 'a', 'b', '0 0 0', limit='', kind='fixed') + '</robot>',
                          refused='no moving joint'),
    'two bases': Kind(arm(after='<link name="loose"/>'), refused="one base.*'base', 'loose'"),
    'two joints of a name': Kind(arm(after='<link name="b"/>' + joint(
        'elbow', 'fore', 'b', '0 0 0', '0 1 0')), refused="two joints 'elbow'"),
    'two parents': Kind(arm(after=joint('again', 'base', 'fore', '0 0 0', '0 1 0')),
                        refused="'fore' is the child of the joints"),
    'a link of no name': Kind(arm(after='<link name="b"/><joint name="x" type="fixed">'
                                  '<parent link="fore"/></joint>'), refused="'x' has no <child"),
    'SDF': Kind('<sdf version="1.6"><model name="r"/></sdf>', refused='expected a <robot>'),
    'cut off': Kind(arm()[:400], refused='not XML'),
    'mesh of no package': Kind(arm(upper=mesh('package://no_such_pkg/upper.stl')), 'tool0',
                               mesh='no_such_pkg'),
    'mesh of no file': Kind(arm(upper=mesh('upper.stl')), 'tool0', mesh='upper.stl'),
}
