"""Where a process runs, so that System M can end one that no service reaches."""

import os
import signal
import socket
from contextlib import suppress
from pathlib import Path

_NAMESPACE = Path('/proc/self/ns/pid')


def here() -> str:
    """Return what names the machine, or the container, whose process ids we know."""
    with suppress(OSError):
        return f'{socket.gethostname()} {_NAMESPACE.readlink()}'
    return socket.gethostname()


def own_process() -> str:
    """Return where this process runs and its id, as its telemetry tells it."""
    return f'{here()} {os.getpid()}'


def end_process(told: str) -> str:
    """
    End a process that tells where it runs; its supervisor starts it again.

    Not by a topic or a service: what does not answer may not hear either.

    :param told: what its `own_process` returned.
    :return: why it cannot be ended, '' when it was asked to.
    """
    place, _, number = told.rpartition(' ')
    if place != here() or not number.isdigit():
        return f'it runs elsewhere ({told or "unknown"})'
    try:
        os.kill(int(number), signal.SIGTERM)
    except OSError as error:
        return str(error)
    return ''
