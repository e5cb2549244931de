"""
The writer's lock file, which also notes the last acknowledged step.

The lock on `<record>.lock` shows that a writer is at work. Its text says how far the record went,
because SQLite takes a log that was cut or damaged for one that ended earlier (decision 0033).
"""

import fcntl
import os
import zlib
from contextlib import suppress
from pathlib import Path

from abm_ros.common.errors import StoreBusyError, StoreError


def lock_name(path: Path) -> Path:
    """Return the lock file of a record; a link is resolved to the file itself."""
    return Path(f'{path.resolve()}.lock')


class WriterLock:
    """Held by the one writer."""

    def __init__(self, path: Path) -> None:
        """
        Become the one writer.

        :raises StoreBusyError: another writer has it.
        :raises StoreError: the folder cannot be written.
        """
        # A file of its own, since closing any descriptor of the database would drop the POSIX
        # locks that SQLite holds on it. Never unlinked: that would race with the next writer.
        try:
            self._handle = os.open(lock_name(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreError(f'{path}: cannot write here: {error.strerror}; choose a file in an '
                             'existing, writable folder') from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._handle)
            raise busy(path) from error

    @property
    def held(self) -> bool:
        """Whether the lock is still held."""
        return self._handle >= 0

    def mark(self, number: int) -> None:
        """
        Note that the steps up to this id are durable.

        There is no fsync: after a power cut the mark may be too low, which hides a loss, but never
        too high, which would report a loss that did not happen.
        """
        digits = b'%020d' % number
        with suppress(OSError):
            os.pwrite(self._handle, b'%s %08x\n' % (digits, zlib.crc32(digits)), 0)

    def release(self) -> None:
        """Release the lock for the next writer."""
        if self.held:
            with suppress(OSError):
                os.fsync(self._handle)
            os.close(self._handle)
            self._handle = -1


def marked(path: Path) -> int:
    """Return the highest step id that a writer acknowledged here; 0 when unknown."""
    try:
        digits, crc = lock_name(path).read_bytes().split()
        return int(digits) if zlib.crc32(digits) == int(crc, 16) else 0
    except (OSError, ValueError):
        return 0


def busy(path: Path) -> StoreBusyError:
    """Return the error for a record that another process holds."""
    return StoreBusyError(f'{path}: another process holds this episodic memory; stop it or '
                          'choose another file')
