"""Who lives the lives: processes on this machine, or Ray's workers (`ray_workers`)."""

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from typing import Protocol

from abm_ros.common.errors import EvolutionError
from abm_ros.evolution.job import Job, live_job
from abm_ros.lives.lived import Lived

TRIES = 3      # of a life whose worker died
Done = Callable[[Lived], None]


class Workers(Protocol):
    """Lives lives; a worker that dies costs its life only, which is lived again."""

    def run(self, jobs: Sequence[Job], done: Done) -> list[Lived]:
        """
        Live all, and return them in the order of the jobs.

        :param done: is told of each as it ends.
        :raises EvolutionError: a life's worker died again and again.
        """

    def close(self) -> None:
        """End the workers."""


class LocalWorkers:
    """
    Processes on this machine.

    Each is a pool of its own: the death of a process breaks its pool, hence one life and no other.
    """

    def __init__(self, count: int, live: Callable[[Job], Lived] = live_job) -> None:
        """
        Start the processes.

        :param count: of processes, at least 1.
        :param live: lives a life, in a process.
        """
        if count < 1:
            raise EvolutionError(f'workers: expected at least 1, got {count}')
        self._live = live
        self._slots = [_slot() for _ in range(count)]

    def run(self, jobs: Sequence[Job], done: Done) -> list[Lived]:
        waiting = deque(range(len(jobs)))
        free, tries = deque(range(len(self._slots))), [0] * len(jobs)
        running: dict[Future[Lived], tuple[int, int]] = {}
        lived: dict[int, Lived] = {}
        while waiting or running:
            while waiting and free:
                slot, number = free.popleft(), waiting.popleft()
                running[self._submit(slot, jobs[number])] = slot, number
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                slot, number = running.pop(future)
                free.append(slot)
                try:
                    lived[number] = future.result()
                except BrokenProcessPool as error:
                    tries[number] += 1
                    if tries[number] == TRIES:
                        raise EvolutionError(
                            f'the worker of a life of {jobs[number].script.body} died {TRIES} '
                            'times: is there enough memory for so many workers?') from error
                    waiting.appendleft(number)
                    continue
                done(lived[number])
        return [lived[number] for number in range(len(jobs))]

    def _submit(self, slot: int, job: Job) -> 'Future[Lived]':
        try:
            return self._slots[slot].submit(self._live, job)
        except BrokenProcessPool:       # it died since, or while it was idle
            self._slots[slot].shutdown(wait=False)
            self._slots[slot] = _slot()
            return self._slots[slot].submit(self._live, job)

    def close(self) -> None:
        for slot in self._slots:
            slot.shutdown(cancel_futures=True)


def _slot() -> ProcessPoolExecutor:
    # Not forked: a fork of a process with torch's threads may hang.
    return ProcessPoolExecutor(1, get_context('spawn'), initializer=_end_with_parent)


def _end_with_parent() -> None:
    """End this process when the one that evolves does, even if that was killed."""
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
