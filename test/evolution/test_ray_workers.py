"""Ray's workers, on this machine: the same lives, though a worker is killed in one."""

import os
import signal
from pathlib import Path

import pytest

pytest.importorskip('ray')

from abm_ros.bodies.shift.script import LifeScript
from abm_ros.common.errors import EvolutionError
from abm_ros.evolution.job import Job
from abm_ros.evolution.ray_workers import RayWorkers
from abm_ros.lives.lived import Lived

pytestmark = pytest.mark.slow
SCRIPT = LifeScript('gym:none', 7, ())


def test_a_worker_that_is_killed_costs_its_life_only(tmp_path: Path) -> None:
    mark = tmp_path / 'died'

    def brief(job: Job) -> Lived:     # here, so that Ray sends it as it is
        if job.seed == 1 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return Lived(job.seed, job.script.steps)

    workers, ended = RayWorkers('auto', 2, brief), []
    try:
        lived = workers.run([Job(SCRIPT, seed, '') for seed in range(4)], ended.append)
    finally:
        workers.close()
    assert lived == [Lived(seed, 7) for seed in range(4)]
    assert len(ended) == 4
    assert mark.exists()


def test_a_cluster_that_does_not_answer_is_told() -> None:
    with pytest.raises(EvolutionError, match=r'no cluster answers at 127\.0\.0\.1:1: '):
        RayWorkers('127.0.0.1:1')
    with pytest.raises(EvolutionError, match=r"expected auto or HOST:PORT, got 'here'"):
        RayWorkers('here')
