"""Lives of a moment, for tests of who lives them; imported by worker processes."""

import os
import signal
from pathlib import Path

from abm_ros.evolution.job import Job
from abm_ros.lives.lived import Lived


def brief(job: Job) -> Lived:
    """Live at once; the first to live a life of phi 'PATH' dies of it."""
    mark = Path(job.phi) if job.phi else None
    if mark is not None and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return Lived(job.seed, job.script.steps)


def deadly(job: Job) -> Lived:
    """Die of every life."""
    os.kill(os.getpid(), signal.SIGKILL)
    return Lived(job.seed, job.script.steps)
