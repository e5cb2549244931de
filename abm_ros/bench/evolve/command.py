"""Options, measuring and report of `abm bench evolve`."""

import argparse
import os
import time
from typing import Any

import numpy as np

from abm_ros.bench.common.figures import load_average, report
from abm_ros.common.errors import ConfigError, PhiError

_TRANSFER_SEED = 5_000_011      # of arms that no outer step of Reptile saw


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add('--lives', nargs='+', default=['short_swap.yaml', 'short_noise.yaml'], metavar='FILE',
        help="scripts kept out of evolution: files, or the package's own (%(default)s)")
    add('--phi', default='', metavar='FILE', help='the evolved phi; without it the default alone')
    add('--params-file', default='', metavar='FILE', help='the evolved parameters')
    add('--base', default='', metavar='FILE',
        help='parameters that all lives have, those of the default too')
    add('--innate', default='', metavar='FILE', help='innate models, lived with and without')
    add('--seeds', type=int, default=10, metavar='N', help='lives of each script (%(default)s)')
    add('--seed-offset', type=int, default=1000, metavar='N', help='first seed (%(default)s)')
    add('--arms', type=int, default=0, metavar='N',
        help='unseen arms for innate models against scratch (%(default)s)')
    add('--workers', type=int, default=0, metavar='N', help='processes (one per core)')
    add('--ray', type=int, default=0, metavar='N',
        help='lives for the efficiency of Ray with two workers; 0 leaves it out (%(default)s)')


def run(arguments: argparse.Namespace) -> int:
    """Measure, print and write; return the exit code."""
    if arguments.seeds < 1 or min(arguments.arms, arguments.workers, arguments.ray) < 0:
        raise ConfigError('abm bench evolve: expected --seeds of at least 1, and --arms, '
                          '--workers and --ray of at least 0')
    from abm_ros.bodies.shift.script import load_script
    from abm_ros.common.share import life_text
    scripts = [load_script(life_text(name)) for name in arguments.lives]
    figures: dict[str, Any] = {'device': 'cpu', 'lives_per_hour_stacked': None,
                               'ray_efficiency_2': None}
    figures |= _held_out(arguments, scripts)
    if arguments.arms and arguments.innate:
        figures['innate_steps'] = _transfer(arguments, scripts[0])
    if arguments.ray:
        figures['ray_efficiency_2'] = _ray(arguments, scripts[0])
    report('abm bench evolve', figures | {'load_average': load_average()}, arguments.json)
    return 0


def _managers(arguments: argparse.Namespace) -> dict[str, Any]:
    from abm_ros.common.share import table_text
    from abm_ros.evolution.evolve import merged
    from abm_ros.evolution.race import Runner
    from abm_ros.lives.settings import LifeSettings, from_parameters

    def read(file: str) -> dict:
        return from_parameters(table_text(file, ''), LifeSettings()) if file else {}

    base = read(arguments.base)
    managers = {'default': Runner(table_text('', 'phi.yaml', PhiError), base)}
    evolved = Runner(table_text(arguments.phi, 'phi.yaml', PhiError),
                     merged(base, read(arguments.params_file)))
    if arguments.phi or arguments.params_file:
        managers['evolved'] = evolved
    if arguments.innate:
        managers['innate'] = Runner(evolved.phi, evolved.changes, arguments.innate)
    return managers


def _held_out(arguments: argparse.Namespace, scripts: list) -> dict[str, Any]:
    from rich.console import Console

    from abm_ros.bench.evolve.held_out import compare, figures_of
    from abm_ros.evolution.workers import LocalWorkers
    console = Console(stderr=True, highlight=False)
    seeds = range(arguments.seed_offset, arguments.seed_offset + arguments.seeds)
    managers = _managers(arguments)
    count = arguments.workers or os.cpu_count() or 1
    workers = LocalWorkers(count)
    began_s, done = time.monotonic(), 0

    def lived(one: Any) -> None:
        nonlocal done
        done += 1
        console.print(f'life {done} of {len(managers) * len(scripts) * len(seeds)}: seed '
                      f'{one.seed}, area {one.area:.2f} {one.failure}', soft_wrap=True)

    try:
        found = compare(managers, scripts, seeds, workers, lived)
    finally:
        workers.close()
    hours = (time.monotonic() - began_s) / 3600.0
    steps = [one.busy_s / one.steps for lives in found.values() for one in lives]
    return {'lives_per_hour': round(done / hours, 1), 'workers': count,
            'life_steps': scripts[0].steps, 'step_ms': round(1e3 * float(np.median(steps)), 2),
            'held_out': figures_of(found, arguments.seed_offset)}


def _transfer(arguments: argparse.Namespace, script: Any) -> dict[str, Any]:
    """Return the steps to ten goals in a row in unseen arms, from scratch and innate."""
    from torch import set_num_threads

    from abm_ros.bench.evolve.held_out import steps_to_ten
    from abm_ros.bodies.make import make_body
    from abm_ros.common.seeds import generator
    from abm_ros.evolution.reptile import other_arm
    from abm_ros.lives.settings import LifeSettings
    set_num_threads(1)
    body = make_body(script.body, {'seed': 0})
    joints = len(body.command_joints)
    body.close()
    settings = LifeSettings().changed(_managers(arguments)['default'].changes).agent
    found: dict[str, list[int | None]] = {'scratch': [], 'innate': []}
    for n in range(arguments.arms):
        seed = arguments.seed_offset + n
        arm = other_arm(script, generator(_TRANSFER_SEED, f'arm/{n}'), joints)
        for name, innate in (('scratch', ''), ('innate', arguments.innate)):
            found[name].append(steps_to_ten(arm, settings, seed, innate))
    return {name: {'median': median(steps), 'arms': steps} for name, steps in found.items()}


def median(steps: list) -> float | None:
    """Return the median, in which never is later than everything; None where it is never."""
    found = float(np.median([np.inf if step is None else step for step in steps]))
    return found if np.isfinite(found) else None


def _ray(arguments: argparse.Namespace, script: Any) -> float:
    """Return the rate of two of Ray's workers over twice that of one."""
    from abm_ros.evolution.ray_workers import RayWorkers
    runner = _managers(arguments)['default']
    rates = []
    for count in (1, 2):
        workers = RayWorkers('auto', count)
        try:
            # The first lives import torch and simulator.
            workers.run([runner.job(script, n) for n in range(count)], lambda _: None)
            began_s = time.monotonic()
            jobs = [runner.job(script, n) for n in range(arguments.ray)]
            workers.run(jobs, lambda _: None)
            rates.append(arguments.ray / (time.monotonic() - began_s))
        finally:
            workers.close()
    return round(rates[1] / (2.0 * rates[0]), 3)
