"""A life as a task for a worker: a few kB of data in, what was lived out."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from abm_ros.bodies.shift.script import LifeScript
from abm_ros.common.errors import AbmError
from abm_ros.lives.lived import Lived


@dataclass(frozen=True)
class Job:
    """
    One life to be lived.

    :param phi: the text of phi.
    :param changes: of the usual settings, by part.
    :param innate: file of the models to be born with, '' for none.
    """

    script: LifeScript
    seed: int
    phi: str
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    innate: str = ''


def live_job(job: Job) -> Lived:
    """
    Live a life on one thread.

    What cannot be lived, since settings or body refuse it, comes back as a failure: to evolution
    it is a bad individual, no error.
    """
    from torch import set_num_threads

    from abm_ros.lives.innate import load_innate
    from abm_ros.lives.managed import ManagedLife
    from abm_ros.lives.settings import LifeSettings
    from abm_ros.meta.phi import load_phi
    set_num_threads(1)
    try:
        innate = load_innate(Path(job.innate)) if job.innate else None
        return ManagedLife(job.script, LifeSettings().changed(job.changes), load_phi(job.phi),
                           job.seed, innate).live()
    except AbmError as error:
        return Lived(job.seed, job.script.steps, failure=str(error))
