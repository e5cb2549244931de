"""What killed processes leave in shared memory, where Fast DDS would wait for them for ever."""

import contextlib
import sys
import time
from pathlib import Path
from typing import Any

import rclpy

_FOLDER = Path('/dev/shm')
# A port is sized right after it was created: one that is still empty has lost its creator.
_STALE_S = 10.0


def initialise(**arguments: Any) -> None:
    """
    Initialise rclpy, once no stale port is in the way.

    :param arguments: those of `rclpy.init`.
    """
    remove_stale_ports(_FOLDER)
    rclpy.init(**arguments)


def remove_stale_ports(folder: Path) -> list[str]:
    """
    Remove ports of Fast DDS that were created and never filled; say so on standard error.

    Whoever opens such a port waits for the creator, which was killed: every later node of the
    machine hangs, in any domain (seen with Fast DDS 3.2).

    :return: the names of the files that were removed.
    """
    removed = []
    for port in folder.glob('fastdds_port*'):
        # Beside each port lies a lock, '_el', that is always empty.
        if port.name.endswith('_el'):
            continue
        with contextlib.suppress(OSError):
            found = port.stat()
            if found.st_size == 0 and time.time() - found.st_mtime > _STALE_S:
                port.unlink()
                removed.append(port.name)
                sys.stderr.write(f'removed {port}: a process was killed while it created it, and '
                                 f'every node would wait for it\n')
    return removed
