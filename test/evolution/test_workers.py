"""Workers of this machine: all lives in their order, though workers are killed."""

import sys
from pathlib import Path

import pytest

from abm_ros.bodies.shift.script import LifeScript
from abm_ros.common.errors import EvolutionError
from abm_ros.evolution.job import Job, live_job
from abm_ros.evolution.workers import TRIES, LocalWorkers
from abm_ros.lives.lived import Lived

sys.path.insert(0, str(Path(__file__).parent))
from short_lives import brief, deadly

SCRIPT = LifeScript('gym:none', 7, ())


def test_a_killed_worker_costs_its_life_only(tmp_path: Path) -> None:
    jobs = [Job(SCRIPT, seed, str(tmp_path / f'{seed}') if seed in (1, 4) else '')
            for seed in range(6)]
    workers, ended = LocalWorkers(2, brief), []
    try:
        lived = workers.run(jobs, ended.append)
    finally:
        workers.close()
    assert lived == [Lived(seed, 7) for seed in range(6)]
    assert sorted(one.seed for one in ended) == list(range(6))
    assert sorted(path.name for path in tmp_path.iterdir()) == ['1', '4']


def test_a_life_that_always_kills_ends_the_evolution() -> None:
    workers = LocalWorkers(1, deadly)
    try:
        with pytest.raises(EvolutionError, match=f'died {TRIES} times'):
            workers.run([Job(SCRIPT, 0, '')], lambda _: None)
    finally:
        workers.close()


def test_what_cannot_be_lived_is_a_failure_and_no_error() -> None:
    lived = live_job(Job(SCRIPT, 5, 'modes: {}'))
    assert lived.failure
    assert lived.seed == 5
