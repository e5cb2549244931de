"""
Initialises rclpy with a Fast DDS that works.

It removes ports that killed processes left in shared memory, and chooses a profile without the
look-up of types, which crashes (decision 0051).
"""

import contextlib
import os
import sys
import time
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import rclpy

from abm_ros.common.share import share_file

_FOLDER = Path('/dev/shm')
# A port gets its size right after its creation: the creator of an empty, older one is dead.
_STALE_S = 10.0
_VARIABLE = 'FASTDDS_DEFAULT_PROFILES_FILE'
_FORMERLY = 'FASTRTPS_DEFAULT_PROFILES_FILE'
_IN_FOLDER = 'DEFAULT_FASTDDS_PROFILES.xml'


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


def choose_profile(environment: MutableMapping[str, str], folder: Path) -> None:
    """
    Name our profile in the environment, unless the user has one.

    :param environment: of this process, before rclpy is initialised.
    :param folder: the working directory, where Fast DDS looks for a profile too.
    :raises ConfigError: our profile is not installed.
    """
    if not (environment.get(_VARIABLE) or environment.get(_FORMERLY)
            or (folder / _IN_FOLDER).exists()):
        environment[_VARIABLE] = str(share_file('config/fastdds.xml'))
