"""Forward kinematics against the closed form of a planar arm with two links."""

import math

import numpy as np
import pytest

pytest.importorskip('pinocchio')

from hypothesis import given
from hypothesis import strategies as st

from abm_ros.common.errors import DescriptionError
from abm_ros.robot.kinematics import ForwardKinematics

L1, L2, BASE = 0.5, 0.3, 0.1
LINK = '<link name="{}"><inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ' \
       'ixz="0" iyz="0"/></inertial></link>'
JOINT = '<joint name="{}" type="{}"><parent link="{}"/><child link="{}"/>' \
        '<origin xyz="{}"/><axis xyz="{}"/>' \
        '<limit lower="-3" upper="3" velocity="1" effort="1"/></joint>'


def planar(kind: str = 'revolute') -> str:
    return ('<robot name="planar">' + ''.join(map(LINK.format, ('base', 'a', 'b', 'c', 'hand')))
            + JOINT.format('shoulder', kind, 'base', 'a', f'0 0 {BASE}', '0 0 1')
            + JOINT.format('elbow', kind, 'a', 'b', f'{L1} 0 0', '0 0 1')
            + JOINT.format('slide', 'prismatic', 'b', 'c', '0 0 0', '0 0 1')
            + JOINT.format('wrist', 'fixed', 'c', 'hand', f'{L2} 0 0', '0 0 1') + '</robot>')


def closed_form(shoulder: float, elbow: float, slide: float) -> list[float]:
    return [L1 * math.cos(shoulder) + L2 * math.cos(shoulder + elbow),
            L1 * math.sin(shoulder) + L2 * math.sin(shoulder + elbow), BASE + slide]


@pytest.mark.parametrize('kind', ['revolute', 'continuous'])
@given(shoulder=st.floats(-3, 3), elbow=st.floats(-3, 3), slide=st.floats(-1, 1))
def test_the_tool_is_where_trigonometry_puts_it(kind, shoulder, elbow, slide) -> None:
    arm = ForwardKinematics(planar(kind), ['shoulder', 'elbow', 'slide'])
    np.testing.assert_allclose(arm.tool_position(np.array([shoulder, elbow, slide])),
                               closed_form(shoulder, elbow, slide), atol=1e-9)


def test_joints_are_mapped_by_name_and_calls_do_not_disturb_each_other() -> None:
    arm = ForwardKinematics(planar(), ['slide', 'shoulder', 'elbow'], 'hand')
    first = arm.tool_position(np.array([0.2, 0.3, -0.4]))
    arm.tool_position(np.array([1.0, 1.0, 1.0]))
    np.testing.assert_allclose(first, closed_form(0.3, -0.4, 0.2), atol=1e-12)
    np.testing.assert_allclose(arm.tool_position(np.array([0.2, 0.3, -0.4])), first)


def test_another_link_may_be_the_tool() -> None:
    arm = ForwardKinematics(planar(), ['shoulder', 'elbow', 'slide'], 'b')
    np.testing.assert_allclose(
        arm.tool_position(np.array([math.pi / 2, 1.0, 0.7])), [0, L1, BASE], atol=1e-12)


@pytest.mark.parametrize(('text', 'joints', 'tool', 'says'), [
    (planar(), ['shoulder'], 'nose', 'nose'), (planar(), ['knee'], '', 'knee'),
    ('<robot', [], '', 'description')])
def test_what_is_not_there_is_refused_by_name(text, joints, tool, says) -> None:
    with pytest.raises(DescriptionError, match=says):
        ForwardKinematics(text, joints, tool)
