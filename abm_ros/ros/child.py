"""Starts and ends the processes of nodes, and lets them follow their parent; imports no ROS."""

import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

# Exit codes of a process whose settings were refused, and of one whose body failed: a restart
# would end as this one did.
REFUSED = 2
BODY_FAILED = 3
PARENT_VARIABLE = 'ABM_ROS_FOLLOW_PARENT'
_NAMESPACE = Path('/proc/self/ns/pid')


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


def here() -> str:
    """Return what names the machine, or the container, whose process ids we know."""
    with suppress(OSError):
        return f'{socket.gethostname()} {_NAMESPACE.readlink()}'
    return socket.gethostname()


def own_process() -> str:
    """Return where this process runs and its id, as its telemetry tells it."""
    return f'{here()} {os.getpid()}'


def _number(told: str) -> int | None:
    """Return the id of a process by what it tells of itself, None where it runs elsewhere."""
    place, _, number = told.rpartition(' ')
    return int(number) if place == here() and number.isdigit() else None


def process_runs(told: str) -> bool:
    """
    Tell whether a process is known to run.

    :param told: what its `own_process` returned.
    """
    number = _number(told)
    if number is None:
        return False
    with suppress(OSError, IndexError):
        # The state follows the name, which may hold anything but ends at the last bracket.
        state = Path(f'/proc/{number}/stat').read_text().rpartition(')')[2].split()[0]
        return state not in 'ZX'
    return False


def end_process(told: str) -> str:
    """
    End a process that tells where it runs; its supervisor starts it again.

    Not by a topic or a service: what does not answer may not hear either.

    :param told: what its `own_process` returned.
    :return: why it cannot be ended, '' when it was asked to.
    """
    number = _number(told)
    if number is None:
        return f'it runs elsewhere ({told or "unknown"})'
    try:
        os.kill(number, signal.SIGTERM)
    except OSError as error:
        return str(error)
    return ''
