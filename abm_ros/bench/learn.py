"""
`abm bench learn`: environment steps until a task is learned, against SAC or TQC with HER.

The agent runs in process, in the very classes that the nodes run, with what System M sets in
mode task. Baseline and ablations are measured in the same run by the same evaluations: episodes
on seeds of their own, nothing learned and nothing explored. `steps_to_threshold` is native: the
goal reached at any time of an episode; strict counts success at the last step, success ending
nothing.
"""

import argparse
import importlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abm_ros.bench.common import load_average, write_json
from abm_ros.bench.learn_ablate import CHANGES, PASSIVE
from abm_ros.bench.learn_curve import evaluation_steps
from abm_ros.bench.learn_figures import OWN, gather, versions
from abm_ros.bench.learn_table import print_table
from abm_ros.common.errors import BodyError, ConfigError

if TYPE_CHECKING:
    from abm_ros.bench.learn_run import Trial
    from abm_ros.policy.planner import Objective

BASELINES = ('sac-her', 'tqc-her', 'none')
PASSIVE_STEPS = (100, 200, 500)     # when models of active and passive data are compared


@dataclass(frozen=True)
class Job:
    """A call for a worker: `abm_ros.bench.<module>.<function>(*arguments)`."""

    group: str
    module: str
    function: str
    arguments: tuple[Any, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add('--env', required=True, metavar='ID',
        help='the body: gym:PandaReach-v3, PandaReach-v3 for short, or bullet:reach')
    add('--urdf', default='', metavar='FILE', help='another arm for bullet:*')
    add('--seeds', type=int, default=5, metavar='N', help='lives of each agent (%(default)s)')
    add('--seed-offset', type=int, default=0, metavar='N', help='the first seed (%(default)s)')
    add('--baseline', default='sac-her', metavar='NAME',
        help=f'{", ".join(BASELINES)} (%(default)s)')
    add('--ablate', default='', metavar='LIST',
        help=f'comma-separated: {", ".join(CHANGES)}, or all')
    add('--steps', type=int, default=1000, metavar='N',
        help="environment steps of our agents' lives (%(default)s)")
    add('--baseline-steps', type=int, default=20_000, metavar='N',
        help="environment steps of the baseline's lives (%(default)s)")
    add('--threshold', type=float, default=0.95, metavar='P',
        help='success that counts as learned (%(default)s)')
    add('--every', type=int, metavar='N',
        help='steps between evaluations (25 at first, ever more later)')
    add('--baseline-every', type=int, default=500, metavar='N',
        help='steps between evaluations of the baseline (%(default)s)')
    add('--eval-episodes', type=int, default=50, metavar='N',
        help='episodes of an evaluation (%(default)s)')
    add('--exploration', type=float, metavar='P',
        help='share of an action that is random while learning (that of mode task)')
    add('--full', action='store_true', help='go on when both thresholds were reached')
    add('--jobs', type=int, metavar='N', help='processes (1, or 2 on 2 cores and more)')


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, write and draw; return the exit code."""
    start_s = time.monotonic()
    check(arguments)
    ablations = parse_ablations(arguments.ablate)
    env = body_name(arguments.env)
    if arguments.urdf and not env.startswith('bullet:'):
        raise ConfigError(f'--urdf {arguments.urdf}: {env} brings its own arm; expected --env '
                          'bullet:<task> with it')
    if arguments.baseline != 'none':
        from abm_ros.bench import learn_baseline
        learn_baseline.require(arguments.baseline)
        learn_baseline.gym_id(env)
    if arguments.json is not None:
        from abm_ros.bench import learn_plot
        learn_plot.require()
        picture = picture_beside(arguments.json)
    figures: dict[str, Any] = {
        'env': arguments.env, 'threshold': arguments.threshold, 'agents': {}, 'ratio': None,
        'wall_s': 0.0, 'settings': settings(arguments, env)}
    load = load_average()
    measured = work(jobs(arguments, env, ablations), arguments.jobs or min(
        2, os.cpu_count() or 1))
    figures |= gather(measured, arguments.baseline, arguments.threshold)
    figures |= {'wall_s': round(time.monotonic() - start_s, 1), 'load_before': load,
                'load_after': load_average(), 'versions': versions()}
    print_table(figures)
    write_json(figures, arguments.json)
    if arguments.json is not None:
        learn_plot.draw(figures, picture)
    return 0


def check(arguments: argparse.Namespace) -> None:
    """
    Refuse options out of bounds.

    :raises ConfigError: naming the option, the bound and the value.
    """
    for name in ('seeds', 'steps', 'baseline_steps', 'baseline_every', 'eval_episodes', 'every',
                 'jobs'):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise ConfigError(f'--{name.replace("_", "-")} {value}: expected at least 1')
    if arguments.seed_offset < 0:
        raise ConfigError(f'--seed-offset {arguments.seed_offset}: expected at least 0')
    if not 0.0 < arguments.threshold <= 1.0:
        raise ConfigError(f'--threshold {arguments.threshold:g}: expected a share in (0, 1]')
    if arguments.exploration is not None and not 0.0 <= arguments.exploration <= 1.0:
        raise ConfigError(f'--exploration {arguments.exploration:g}: expected a share in [0, 1]')
    if arguments.baseline not in BASELINES:
        raise ConfigError(f"--baseline '{arguments.baseline}': expected one of "
                          f'{", ".join(BASELINES)}')


def picture_beside(file: Path) -> Path:
    """
    Return where the picture goes; sees now, not hours later, that files can be written there.

    :raises ConfigError: the JSON has the picture's name, or its folder cannot be made.
    """
    picture = file.with_suffix('.png')
    if picture == file:
        raise ConfigError(f'--json {file}: the picture gets the ending .png; expected another '
                          'one, such as .json')
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        was_there = file.exists()
        file.open('a', encoding='utf-8').close()
        if not was_there:
            file.unlink()
    except OSError as error:
        raise ConfigError(f'--json {file}: cannot be written ({error.strerror}); name a file in '
                          'a folder of yours') from error
    return picture


def parse_ablations(text: str) -> list[str]:
    """
    Return the ablations asked for, each once.

    :raises ConfigError: one is unknown.
    """
    names = list(dict.fromkeys(part.strip() for part in text.split(',') if part.strip()))
    unknown = [name for name in names if name not in (*CHANGES, 'all')]
    if unknown:
        raise ConfigError(f"--ablate: unknown ablation '{unknown[0]}', expected some of "
                          f'{", ".join(CHANGES)}, or all')
    return list(CHANGES) if 'all' in names else names


def body_name(env: str) -> str:
    """
    Return the name of the body: an id without a kind is gymnasium's.

    :raises BodyError: no such kind or task.
    """
    from abm_ros.bodies.make import parse_body
    name = env if ':' in env else f'gym:{env}'
    parse_body(name)
    return name


def mode_task(exploration: float | None) -> 'Objective':
    """Return what System M sets in mode task, in config/phi.yaml."""
    from abm_ros.common.share import table_text
    from abm_ros.meta.phi import load_phi
    from abm_ros.policy.planner import Objective
    text = table_text('', 'phi.yaml')
    found = load_phi(text).modes['task'].modulation
    return Objective(found.goal_weight, found.intrinsic_weight,
                 found.exploration if exploration is None else exploration)


def jobs(arguments: argparse.Namespace, env: str, ablations: Sequence[str]) -> list[Job]:
    """Return what is to be measured, seed by seed, our own agent first."""
    from abm_ros.bench.learn_run import Protocol, Trial
    protocol = Protocol(arguments.threshold, arguments.eval_episodes, arguments.full)
    points = tuple(evaluation_steps(arguments.steps, arguments.every))
    later = tuple(evaluation_steps(arguments.baseline_steps, arguments.baseline_every))
    objective = mode_task(arguments.exploration)

    def trials(name: str, ablation: str, at: tuple[int, ...]) -> 'list[Trial]':
        return [Trial(name, env, seed, at, protocol, ablation, objective=objective,
                      urdf=arguments.urdf)
                for seed in seeds(arguments)]

    todo = [Job(OWN, 'learn_run', 'learn', (t,)) for t in trials(OWN, '', points)]
    if arguments.baseline != 'none':
        from abm_ros.bench.learn_baseline import LEARNING_STARTS
        for starts in LEARNING_STARTS:
            name = f'{arguments.baseline} from {starts}'
            todo += [Job(name, 'learn_baseline', 'learn_baseline',
                         (t, arguments.baseline, starts)) for t in trials(name, '', later)]
    for ablation in ablations:
        name = f'{OWN}-{ablation}'
        todo += [Job(name, 'learn_run', 'learn', (t,)) for t in trials(name, ablation, points)]
    if PASSIVE in ablations:
        at = tuple(sorted({min(n, arguments.steps) for n in PASSIVE_STEPS}))
        todo += [Job(PASSIVE, 'learn_passive', 'compare', (t,)) for t in trials(PASSIVE, '', at)]
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
        importlib.import_module(f'abm_ros.bench.{job.module}'), job.function)
    return function(*job.arguments)


def settings(arguments: argparse.Namespace, env: str) -> dict[str, Any]:
    """Return what the figures were made with."""
    from abm_ros.agent.agent import AgentSettings
    made = {'urdf': arguments.urdf, 'seeds': seeds(arguments), 'steps': arguments.steps,
            'eval_episodes': arguments.eval_episodes, 'drive': asdict(
                mode_task(arguments.exploration)), 'agent': asdict(AgentSettings())}
    if arguments.baseline != 'none':
        from abm_ros.bench.learn_baseline import settings_text
        made['baseline'] = {'steps': arguments.baseline_steps,
                            **settings_text(arguments.baseline, env)}
    return made
