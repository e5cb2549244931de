"""Keeps what System A knows of worlds in a file, so that a later process knows them again."""

import io
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from abm_ros.common.errors import SnapshotError
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import ObservationSpec
from abm_ros.world_model.worlds.told import ToldWorld
from abm_ros.world_model.worlds.tracker import WorldTracker

_PERIOD_S = 10.0       # between two writings while the world stays the same


class KeptWorlds:
    """
    Writes the state of a tracker in a thread: the disk must not hold up the control path.

    :param directory: folder of the run; the file is its models/worlds.abm.
    :param spec: what the body observes and takes; a file of another body is left alone.
    :param tracker: whose state is kept.
    :param say: is told what cannot be read or written. Any thread.
    """

    def __init__(self, directory: str, spec: ObservationSpec, tracker: WorldTracker,
                 say: Callable[[str], None]) -> None:
        self._path = Path(directory).expanduser() / 'models' / 'worlds.abm'
        self._spec, self._tracker, self._say = spec, tracker, say
        self._thread: threading.Thread | None = None
        self._written_s = time.monotonic()
        self._changed = False

    def recall(self) -> None:
        """Bring back what an earlier process knew; say so where it cannot be had."""
        if not self._path.exists():
            return
        try:
            kept = Snapshot.load(self._path)
            if kept.kind != 'worlds' or kept.spec != self._spec:
                raise SnapshotError(f'{self._path}: expected worlds of this body, got '
                                    f'{kept.kind} of another one')
            self._tracker.restore(_arrays(kept.blob('state')))
        except SnapshotError as error:
            self._say(f'worlds of before are not known again: {error}')

    def follow(self, told: ToldWorld, lineage: str) -> None:
        """
        Write, if the world changed or a while has passed.

        :param lineage: of the model by which worlds are told apart.
        """
        self._changed = self._changed or bool(told.began) or told.doubt > 0.0
        if told.began or (self._changed and time.monotonic() > self._written_s + _PERIOD_S):
            self.keep(lineage)

    def keep(self, lineage: str) -> None:
        """Write in the background, unless the write before is still under way."""
        if not lineage or not self._changed or (
                self._thread is not None and self._thread.is_alive()):
            return
        self._changed, self._written_s = False, time.monotonic()
        snapshot = Snapshot('worlds', 0, lineage, self._spec, {}, {}, {
            'state': _bytes(self._tracker.state())})
        self._thread = threading.Thread(target=self._write, args=(snapshot,), name='worlds')
        self._thread.start()

    def _write(self, snapshot: Snapshot) -> None:
        try:
            snapshot.save(self._path)
        except SnapshotError as error:
            self._say(str(error))


def _bytes(arrays: dict[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)       # type: ignore[arg-type]
    return file.getvalue()


def _arrays(blob: bytes) -> dict[str, np.ndarray]:
    try:
        with np.load(io.BytesIO(blob), allow_pickle=False) as found:
            return dict(found)
    except (OSError, ValueError) as error:
        raise SnapshotError(f'the state of worlds cannot be read: {error}') from error
