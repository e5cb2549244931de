"""The jobs of `abm bench learn`, and the processes that run them."""

import argparse
import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from abm_ros.bench.learn.ablate import PASSIVE
from abm_ros.bench.learn.agent_options import agent_settings
from abm_ros.bench.learn.curve import evaluation_steps
from abm_ros.bench.learn.figures import OWN
from abm_ros.bodies.arm_options import arm_settings
from abm_ros.common.errors import BodyError

if TYPE_CHECKING:
    from abm_ros.bench.learn.trial import Trial
    from abm_ros.policy.planner import Objective

PASSIVE_STEPS = (100, 200, 500)     # when models of active and passive data are compared


@dataclass(frozen=True)
class Job:
    """A call for a worker: `abm_ros.bench.learn.<module>.<function>(*arguments)`."""

    group: str
    module: str
    function: str
    arguments: tuple[Any, ...]


def mode_task(exploration: float | None) -> 'Objective':
    """Return what System M sets in mode task, in config/phi.yaml."""
    return mode_objective('task', exploration)


def mode_objective(mode: str, exploration: float | None = None) -> 'Objective':
    """Return what System M asks of System B in a mode, in config/phi.yaml."""
    from abm_ros.common.share import table_text
    from abm_ros.meta.phi import load_phi
    from abm_ros.policy.planner import Objective
    text = table_text('', 'phi.yaml')
    found = load_phi(text).modes[mode].modulation
    return Objective(found.goal_weight, found.intrinsic_weight,
                 found.exploration if exploration is None else exploration)


def jobs(arguments: argparse.Namespace, env: str, ablations: Sequence[str]) -> list[Job]:
    """Return the jobs of a run, seed by seed, our own agent first."""
    from abm_ros.bench.learn.trial import Protocol, Trial
    protocol = Protocol(arguments.threshold, arguments.eval_episodes, arguments.full)
    points = tuple(evaluation_steps(arguments.steps, arguments.every))
    later = tuple(evaluation_steps(arguments.baseline_steps, arguments.baseline_every))
    agent, objective = agent_settings(arguments), mode_task(arguments.exploration)

    def trials(name: str, ablation: str, at: tuple[int, ...]) -> 'list[Trial]':
        return [Trial(name, env, seed, at, protocol, ablation, agent, objective,
                      arm=arm_settings(arguments))
                for seed in seeds(arguments)]

    todo = [Job(OWN, 'trial', 'learn', (t,)) for t in trials(OWN, '', points)]
    if arguments.baseline != 'none':
        from abm_ros.bench.learn.baseline import LEARNING_STARTS
        for starts in LEARNING_STARTS:
            name = f'{arguments.baseline} from {starts}'
            todo += [Job(name, 'baseline', 'learn_baseline',
                         (t, arguments.baseline, starts)) for t in trials(name, '', later)]
    for ablation in ablations:
        name = f'{OWN}-{ablation}'
        todo += [Job(name, 'trial', 'learn', (t,)) for t in trials(name, ablation, points)]
    if PASSIVE in ablations:
        at = tuple(sorted({min(n, arguments.steps) for n in PASSIVE_STEPS}))
        todo += [Job(PASSIVE, 'passive', 'compare', (t,)) for t in trials(PASSIVE, '', at)]
    return todo


def seeds(arguments: argparse.Namespace) -> list[int]:
    """Return the seeds of a run."""
    return [arguments.seed_offset + n for n in range(arguments.seeds)]


def work(todo: Sequence[Job], processes: int) -> dict[str, list[Any]]:
    """
    Do all jobs and return their results by group, in order.

    :raises AbmError: as the jobs do; the body of the first is tried before.
    :raises BodyError: a worker was killed.
    """
    # One thread each, before torch is loaded in the workers; fresh processes, since a simulator
    # and torch's threads do not survive a fork.
    os.environ['OMP_NUM_THREADS'] = '1'
    context = multiprocessing.get_context('spawn')
    signal.signal(signal.SIGTERM, signal.default_int_handler)   # workers must not outlive us
    found: dict[str, list[Any]] = {}
    with ProcessPoolExecutor(processes, context, _quiet) as pool:
        try:
            pool.submit(_try, todo[0].arguments[0]).result()
            futures = [pool.submit(_call, job) for job in todo]
            for number, (job, future) in enumerate(zip(todo, futures, strict=True), 1):
                found.setdefault(job.group, []).append(future.result())
                sys.stderr.write(f'{number} of {len(todo)} lives done\n')
        except BrokenProcessPool as error:
            raise BodyError('a process that measured was killed, perhaps for want of memory: '
                            'try --jobs 1') from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in multiprocessing.active_children():
                worker.terminate()
            raise
    return found


def _quiet() -> None:
    # Bullet prints its arguments, and the standard output belongs to the table.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _try(trial: 'Trial') -> None:
    from abm_ros.bodies.make import make_body
    trial.body(make_body, trial.seed).close()


def _call(job: Job) -> Any:
    function: Callable[..., Any] = getattr(
        importlib.import_module(f'abm_ros.bench.learn.{job.module}'), job.function)
    return function(*job.arguments)
