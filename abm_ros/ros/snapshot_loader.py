"""Loads model snapshots into an acting node (decision 0011)."""

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from std_msgs.msg import UInt8MultiArray

from abm_ros.common.snapshot import Snapshot
from abm_ros.ros.node import PartNode

T = TypeVar('T')


class SnapshotLoader(Generic[T]):
    """
    Opens snapshots in a thread of its own, since opening one takes longer than a reading may wait.

    Only the newest snapshot counts: one that is replaced while it waits is never opened.
    """

    def __init__(self, node: PartNode[Any], open_snapshot: Callable[[Snapshot], T | None]) -> None:
        """:param open_snapshot: opens a snapshot; returns None if it cannot be used yet."""
        self._node = node
        self._open_snapshot = open_snapshot
        self._arrived: bytes | None = None
        self._opened: T | None = None
        self._thread: threading.Thread | None = None
        self.newest: Snapshot | None = None

    def take(self, message: UInt8MultiArray, *, wait: bool) -> None:
        """
        Take the message of a snapshot.

        :param wait: open it now, in the caller's thread.
        :raises SnapshotError: with `wait`, if it cannot be opened; otherwise the error is logged.
        """
        data = bytes(message.data)
        if wait:
            self._open(data)
            return
        self._arrived = data
        if self._thread is None or not self._thread.is_alive():
            # Not a daemon: one in foreign code when the interpreter ends aborts the process.
            self._thread = threading.Thread(target=self._work, name='snapshot_loader')
            self._thread.start()

    def reopen(self) -> None:
        """Open the newest snapshot again, since the spec that it is opened for has changed."""
        self._opened = None     # it is of the spec before
        if self.newest is not None:
            self._open_now(self.newest)

    def opened(self) -> T | None:
        """Return the snapshot opened since the last call; None if there is none."""
        opened, self._opened = self._opened, None
        return opened

    def _work(self) -> None:
        while (data := self._arrived) is not None:
            self._arrived = None
            self._node.guarded('model', self._open, data)

    def _open(self, data: bytes) -> None:
        self.newest = Snapshot.from_bytes(data)
        self._open_now(self.newest)

    def _open_now(self, snapshot: Snapshot) -> None:
        made = self._open_snapshot(snapshot)
        if made is not None:
            self._opened = made
