"""Upkeep of the record while the robot rests: forget, merge chunks, free disk space."""

from abm_ros.memory.forgetting import QuotaConfig, to_forget
from abm_ros.memory.record.compaction import Compactor, give_back, prune
from abm_ros.memory.record.store import Store

_PAGES = 2000          # freed at a time: 8 MB
_BATCH = 64            # episodes forgotten at a time


class Upkeep:
    """Does the tasks in small portions, so that recording never waits for long."""

    def __init__(self, store: Store, quota: QuotaConfig) -> None:
        self._store, self._quota = store, quota
        self._compactor = Compactor(store)
        self._doomed: list[int] = []
        self._checked_at = self._done_at = -1
        self.forgotten = 0             # steps, by this object

    def step(self) -> bool:
        """
        Do a small portion.

        :return: False when there is nothing to do until more is recorded.
        :raises StoreError: the disk refuses, or a chunk to be changed is damaged.
        """
        store = self._store
        if store.acknowledged == self._done_at:
            return False
        if not self._doomed and self._checked_at != store.acknowledged:
            self._checked_at = store.acknowledged
            self._doomed = to_forget(store.episodes(), self._quota)
        if self._doomed:
            batch, self._doomed = self._doomed[:_BATCH], self._doomed[_BATCH:]
            self.forgotten += prune(store, batch)
            return True
        if self._compactor.step():
            return True
        give_back(store, _PAGES)
        if not store.size()['free']:
            self._done_at = store.acknowledged
        return True

    def run(self) -> None:
        """Do all portions; raises StoreError."""
        while self.step():
            pass
