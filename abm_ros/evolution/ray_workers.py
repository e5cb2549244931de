"""Ray's workers, on this machine or in a cluster; a life is a Ray task."""

import socket
from collections.abc import Callable, Sequence
from typing import Any

from abm_ros.common.errors import EvolutionError
from abm_ros.evolution.job import Job, live_job
from abm_ros.evolution.workers import TRIES, Done
from abm_ros.lives.lived import Lived

LOCAL = 'auto'
_ANSWER_S = 5.0


class RayWorkers:
    """
    Lives on Ray; Ray itself lives a life again whose worker or machine died.

    :param address: of a cluster; 'auto' takes one that runs here, else starts one.
    :param cpus: of one that is started here; 0 takes all.
    :param live: lives a life, in a worker.
    """

    def __init__(self, address: str, cpus: int = 0, live: Callable[[Job], Lived] = live_job
                 ) -> None:
        try:
            import ray
        except ImportError as error:
            raise EvolutionError("--ray needs the package 'ray': pip install 'abm_ros[evolve]'"
                                 ) from error
        self._ray: Any = ray
        quiet = {'log_to_driver': False, 'logging_level': 'error'}
        if address != LOCAL:
            _require_answer(address)
        try:
            ray.init(address=address, **quiet)
        except ConnectionError as error:
            if address != LOCAL:
                raise EvolutionError(f'--ray: no cluster answers at {address}: {error}') from error
            ray.init(num_cpus=cpus or None, include_dashboard=False, **quiet)
        self._live = ray.remote(num_cpus=1, max_retries=TRIES)(live)

    def run(self, jobs: Sequence[Job], done: Done) -> list[Lived]:
        numbers = {self._live.remote(job): number for number, job in enumerate(jobs)}
        lived: dict[int, Lived] = {}
        waiting = list(numbers)
        while waiting:
            ready, waiting = self._ray.wait(waiting)
            for reference in ready:
                number = numbers[reference]
                try:
                    lived[number] = self._ray.get(reference)
                except self._ray.exceptions.RayError as error:
                    raise EvolutionError(f'a life of {jobs[number].script.body} was lost on Ray: '
                                         f'{str(error).splitlines()[0]}') from error
                done(lived[number])
        return [lived[number] for number in range(len(jobs))]

    def close(self) -> None:
        self._ray.shutdown()


def _require_answer(address: str) -> None:
    """Refuse an address that nobody listens at: Ray itself waits for minutes."""
    host, _, port = address.rpartition('/')[2].rpartition(':')
    if not host or not port.isdigit():
        raise EvolutionError(f"--ray: expected auto or HOST:PORT, got '{address}'")
    try:
        socket.create_connection((host, int(port)), _ANSWER_S).close()
    except OSError as error:
        raise EvolutionError(f'--ray: no cluster answers at {address}: {error}') from error
