"""Starts the process of a node and lets it follow its parent; imports no ROS."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

# Exit codes of a process whose settings were refused, and of one whose body failed: a restart
# would end as this one did.
REFUSED = 2
BODY_FAILED = 3
PARENT_VARIABLE = 'ABM_ROS_FOLLOW_PARENT'


def node_command(folder: Path, command: Sequence[str], parameters: Mapping[str, Any],
                 log_level: str) -> list[str]:
    """
    Return the command line of a node; further `--ros-args` may be appended.

    :param folder: gets the file of its parameters.
    :param command: the node's executable and its arguments.
    """
    file = folder / f'{command[0]}.yaml'
    file.write_text(yaml.safe_dump({'/**': {'ros__parameters': dict(parameters)}}))
    return [sys.executable, '-m', 'abm_ros.nodes', *command, '--ros-args', '--params-file',
            str(file), '--log-level', log_level]


def child_options() -> dict[str, Any]:
    """
    Return the keywords of subprocess for every child process.

    A process group of its own keeps the terminal's Ctrl-C away from it. A session of its own would
    make niceness between the nodes ineffective (autogroup, decision 0012).
    """
    return {'process_group': 0,
            'env': os.environ | {'PYTHONUNBUFFERED': '1', PARENT_VARIABLE: str(os.getpid())}}
