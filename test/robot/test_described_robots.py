"""Every kind of description that people have: it is used rightly, or refused in one clear line."""

import numpy as np
import pytest
from described_robots import KINDS

from abm_ros.common.errors import DescriptionError
from abm_ros.robot.description import read_limits
from abm_ros.robot.kinematics import ForwardKinematics
from abm_ros.robot.links import Links


@pytest.mark.parametrize('kind', [k for k, v in KINDS.items() if not v.refused])
def test_a_description_is_used_as_it_was_meant(kind) -> None:
    pytest.importorskip('pinocchio')
    text, tool, joints, *_ = KINDS[kind]
    limits = read_limits(text)
    assert limits.joints == joints
    arm = ForwardKinematics(text, joints)
    assert arm.tool.link == tool
    # Out along x at 0; the shoulder turns it to y; the elbow bends its last 0.3 m down.
    place = np.zeros(len(joints))
    np.testing.assert_allclose(arm.tool_position(place), [0.7, 0.0, 0.2], atol=1e-12)
    place[0] = np.pi / 2
    np.testing.assert_allclose(arm.tool_position(place), [0.0, 0.7, 0.2], atol=1e-12)
    place[1] = np.pi / 2
    np.testing.assert_allclose(arm.tool_position(place), [0.0, 0.4, -0.1], atol=1e-12)


@pytest.mark.parametrize('kind', [k for k, v in KINDS.items() if v.refused])
def test_a_description_that_cannot_be_used_is_refused_in_one_line(kind) -> None:
    text, refused = KINDS[kind].text, KINDS[kind].refused
    with pytest.raises(DescriptionError, match=refused) as caught:
        Links(text).tool(read_limits(text).joints)
    assert '\n' not in str(caught.value)


def test_what_is_left_out_needs_no_limits() -> None:
    for kind in ('wheel without limits', 'locked', 'velocity of zero'):
        text = KINDS[kind].text
        assert read_limits(text, ['elbow']).joints == ('elbow',)
        assert Links(text).tool(['elbow']).link == 'tool0'


def test_where_chains_compete_it_is_said_how_to_choose() -> None:
    text = KINDS['two tips, one a tool'].text
    tool = Links(text).tool(['shoulder', 'elbow'])
    assert (tool.link, tool.rivals) == ('tool0', ('light',))
    assert "'light'" in tool.choice
    assert 'tool_link' in tool.choice
    assert Links(text).tool(['shoulder', 'elbow'], 'light').link == 'light'
    assert Links(KINDS['plain'].text).tool(['elbow']).choice == ''


@pytest.mark.parametrize(('joints', 'tool', 'says'), [
    (['shoulder', 'elbow'], 'cam', "none of the joints .* moves the tool link 'cam'.*'tool0'"),
    (['elbow'], 'upper', "moves the tool link 'upper'"), (['elbow'], 'nose', "no link 'nose'"),
    (['knee'], '', "no joint 'knee'")])
def test_a_tool_that_nothing_moves_is_refused(joints, tool, says) -> None:
    with pytest.raises(DescriptionError, match=says):
        Links(KINDS['camera described last'].text).tool(joints, tool)
