"""Limits from robot descriptions: the usable ones, and every kind that is not."""

import numpy as np
import pytest

from abm_ros.common.errors import DescriptionError
from abm_ros.robot.description import ChannelField, read_body_tag, read_limits


def robot(*joints: str, more: str = '') -> str:
    return f'<robot name="r">{"".join(joints)}{more}</robot>'


def joint(name: str = 'a', kind: str = 'revolute', limit: str | None = None,
          more: str = '') -> str:
    if limit is None:
        limit = '<limit lower="-1" upper="2" velocity="3" effort="4"/>'
    return f'<joint name="{name}" type="{kind}">{limit}{more}</joint>'


def test_limits_come_in_the_order_of_the_description_or_as_asked() -> None:
    text = robot(joint('a'), joint('fix', 'fixed', ''),
                 joint('b', 'prismatic', '<limit lower="0" upper="0.1" velocity="5" effort="6"/>'))
    limits = read_limits(text)
    assert limits.joints == ('a', 'b')
    np.testing.assert_array_equal(limits.lower, [-1, 0])
    np.testing.assert_array_equal(limits.upper, [2, 0.1])
    np.testing.assert_array_equal(limits.velocity, [3, 5])
    np.testing.assert_array_equal(limits.effort, [4, 6])
    assert read_limits(text, ['b', 'a']).lower.tolist() == [0, -1]
    assert [read_limits(text, some).turns for some in (['a'], ['b'], [])] == [True, False, False]
    finger = text.replace('upper="0.1"', 'upper="0.04"')      # about an axis 1 m away: 1 mm off
    assert read_limits(finger).turns


def test_a_joint_is_commanded_once() -> None:
    with pytest.raises(DescriptionError, match="joint 'a' is chosen more than once"):
        read_limits(robot(joint('a'), joint('b')), ['a', 'b', 'a'])


def test_inputs_without_a_place_are_told_from_joints() -> None:
    plain, extra = joint('a'), joint('b', more='<abm_input/>')
    assert read_limits(robot(extra)).inputs
    assert not read_limits(robot(plain, extra)).inputs
    assert read_limits(robot(plain, extra), ['b']).inputs


def test_a_continuous_joint_turns_for_ever_and_a_mimic_is_not_commanded() -> None:
    text = robot(joint('w', 'continuous', '<limit velocity="3" effort="4"/>'),
                 joint('m', more='<mimic joint="w"/>'))
    limits = read_limits(text)
    assert limits.joints == ('w',)
    assert (limits.lower[0], limits.upper[0]) == (-np.inf, np.inf)


def limit(**values: str) -> str:
    given = {'lower': '-1', 'upper': '1', 'velocity': '1', 'effort': '1', **values}
    return f'<limit {" ".join(f"{k}={v!r}" for k, v in given.items() if v is not None)}/>'


@pytest.mark.parametrize(('text', 'says'), [
    ('', 'XML'), ('robot', 'XML'), ('<robot>', 'XML'), ('<sdf/>', 'robot'), (robot(), 'no moving'),
    (robot(joint('a', 'fixed')), 'no moving'), (robot(joint(limit='')), "'a' has no <limit>"),
    (robot(joint(limit=limit(velocity=None))), 'velocity'),
    (robot(joint(limit=limit(lower='inf'))), 'continuous'),
    (robot(joint(limit=limit(upper='${pi}'))), 'xacro'),
    (robot(joint(limit=limit(upper='much'))), 'upper'),
    (robot(joint(limit=limit(velocity='nan'))), 'velocity'),
    (robot(joint(limit=limit(velocity='inf'))), 'velocity'),
    (robot(joint(limit=limit(velocity='0'))), 'velocity'),
    (robot(joint(limit=limit(velocity='-1'))), 'velocity'),
    (robot(joint(), joint()), "two joints 'a'"),
    (robot(joint(limit=limit(lower='1', upper='1'))), 'locked'),
    (robot(joint(limit=limit(lower='2', upper='1'))), 'lower'),
    ('<!DOCTYPE robot [<!ENTITY a "b">]><robot/>', 'DTD'),
], ids=range(19))
def test_unusable_descriptions_are_refused_in_words(text, says) -> None:
    with pytest.raises(DescriptionError, match=says) as caught:
        read_limits(text)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('effort', ['0', '-1', 'nan', 'much', None])
def test_an_effort_limit_is_needed_by_effort_commands_alone(effort) -> None:
    text = robot(joint(limit=limit(effort=effort)))
    for interface in ('position', 'velocity', 'trajectory'):
        limits = read_limits(text, interface=interface)
        assert limits.effort.tolist() == [np.inf]
        assert limits.effort_ratio({'a': 100.0}) == 0.0
    with pytest.raises(DescriptionError, match='effort'):
        read_limits(text, interface='effort')


def test_a_limit_that_is_not_told_is_zero_as_urdf_has_it() -> None:
    limits = read_limits(robot(joint(limit=limit(lower=None))))
    assert (limits.lower[0], limits.upper[0]) == (0.0, 1.0)


def test_joints_without_usable_limits_matter_only_where_they_are_commanded() -> None:
    text = robot(joint('a'), joint('wheel', 'continuous', ''), joint('b'), joint('c', limit=''))
    says = r"'wheel' has no <limit>.*1 more: 'c'.*'joints'.*'a', 'b'"
    with pytest.raises(DescriptionError, match=says) as caught:
        read_limits(text)
    assert '\n' not in str(caught.value)
    assert read_limits(text, ['b', 'a']).joints == ('b', 'a')
    with pytest.raises(DescriptionError) as caught:
        read_limits(text, ['a', 'wheel'])
    assert "'joints'" not in str(caught.value), 'they were chosen already'


def test_an_unknown_joint_is_refused_with_those_there_are() -> None:
    with pytest.raises(DescriptionError, match=r"'c'.*'a', 'b'"):
        read_limits(robot(joint('a'), joint('b')), ['a', 'c'])


def test_the_body_tag_is_read_and_may_be_absent() -> None:
    assert read_body_tag(robot(joint())) is None
    tag = read_body_tag(robot(joint(), more=(
        '<abm_body goal_tolerance="0.05" horizon="50" control_period_s="0.04" goal_field="o">'
        '<field name="o" channels="object_position." size="3"/></abm_body>')))
    assert (tag.goal_tolerance, tag.horizon, tag.control_period_s, tag.goal_field) == (
        0.05, 50, 0.04, 'o')
    assert tag.fields == (ChannelField('o', 'object_position.', 3),)


@pytest.mark.parametrize('tag', [
    '<abm_body/>',
    '<abm_body goal_tolerance="x" horizon="5" control_period_s="1" goal_field="o"/>',
    '<abm_body goal_tolerance="1" horizon="5.5" control_period_s="1" goal_field="o"/>',
    '<abm_body goal_tolerance="1" horizon="5" control_period_s="1" goal_field="o">'
    '<field name="o" channels="c"/></abm_body>'])
def test_a_malformed_body_tag_is_refused(tag) -> None:
    with pytest.raises(DescriptionError, match='abm_body'):
        read_body_tag(robot(joint(), more=tag))
