"""The options of the command line for an arm, as settings of the body."""

import argparse

import pytest

from abm_ros.bodies.arm_options import add_arm_arguments, arm_settings


@pytest.mark.parametrize(('given', 'settings'), [
    ([], {}), (['--urdf', 'a.urdf'], {'urdf': 'a.urdf'}),
    (['--package-path', 'one', '--package-path', 'two', '--joints', 'a, b,', '--tool-link', 't'],
     {'package_path': ('one', 'two'), 'joints': ('a', 'b'), 'tool_link': 't'})])
def test_what_is_given_is_set_and_nothing_else(given, settings) -> None:
    parser = argparse.ArgumentParser()
    add_arm_arguments(parser)
    assert arm_settings(parser.parse_args(given)) == settings
