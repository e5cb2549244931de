"""Options of the command line for a body that takes any arm: its URDF, and what of it counts."""

import argparse
from typing import Any


def add_arm_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add('--urdf', default='', metavar='FILE', help='another arm for bullet:*')
    add('--package-path', default=[], action='append', metavar='DIR',
        help='folder of packages, or a package, that holds its meshes; may be given again')
    add('--joints', default='', metavar='LIST',
        help='joints to command, comma-separated (every moving joint)')
    add('--tool-link', default='', metavar='NAME',
        help='link of the tool (the tip of the longest actuated chain)')


def arm_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what was chosen, as settings of the body; empty where nothing was."""
    given = {
        'urdf': arguments.urdf, 'package_path': tuple(arguments.package_path),
        'joints': tuple(filter(None, (name.strip() for name in arguments.joints.split(',')))),
        'tool_link': arguments.tool_link}
    return {name: value for name, value in given.items() if value}
