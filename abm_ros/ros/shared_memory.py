"""Initialises rclpy after removing ports that killed processes left in shared memory."""

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Any

import rclpy

from abm_ros.ros.fastdds_profile import choose_profile

_FOLDER = Path('/dev/shm')
# A port gets its size right after its creation: the creator of an empty, older one is dead.
_STALE_S = 10.0


def initialise(**arguments: Any) -> None:
    """
    Remove stale ports, choose the profile of Fast DDS, then initialise rclpy.

    :param arguments: those of `rclpy.init`.
    """
    remove_stale_ports(_FOLDER)
    choose_profile(os.environ, Path.cwd())
    rclpy.init(**arguments)


def remove_stale_ports(folder: Path) -> list[str]:
    """
    Remove ports of Fast DDS that were created but never filled; report it on standard error.

    A process that opens such a port waits for its dead creator, so every later node of the machine
    hangs, in any domain (seen with Fast DDS 3.2).

    :return: the names of the files that were removed.
    """
    removed = []
    for port in folder.glob('fastdds_port*'):
        # The lock file of a port, '_el', is always empty.
        if port.name.endswith('_el'):
            continue
        with contextlib.suppress(OSError):
            found = port.stat()
            if found.st_size == 0 and time.time() - found.st_mtime > _STALE_S:
                port.unlink()
                removed.append(port.name)
                sys.stderr.write(f'removed {port}: its creator was killed, and every node would '
                                 'wait for it\n')
    return removed
