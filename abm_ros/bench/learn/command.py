"""Options, measuring and report of `abm bench learn`."""

import argparse
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from abm_ros.bench.common.figures import load_average, write_json
from abm_ros.bench.learn.ablate import CHANGES
from abm_ros.bench.learn.agent_options import add_agent_arguments, agent_settings
from abm_ros.bench.learn.figures import gather, versions
from abm_ros.bench.learn.jobs import jobs, mode_task, seeds, work
from abm_ros.bench.learn.table import print_table
from abm_ros.bodies.arm_options import add_arm_arguments, arm_settings
from abm_ros.bodies.registry import BODIES, kind_of
from abm_ros.common.errors import ConfigError

BASELINES = ('sac-her', 'tqc-her', 'none')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add('--env', required=True, metavar='ID',
        help='the body: gym:PandaReach-v3, PandaReach-v3 for short, or bullet:reach')
    add_arm_arguments(parser)
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
    add_agent_arguments(parser)
    add('--full', action='store_true', help='go on when both thresholds were reached')
    add('--jobs', type=int, metavar='N', help='processes (1, or 2 on 2 cores and more)')


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, write and draw; return the exit code."""
    start_s = time.monotonic()
    check(arguments)
    agent_settings(arguments)
    ablations = parse_ablations(arguments.ablate)
    env = body_name(arguments.env)
    kind, _ = kind_of(env)
    if strange := [name for name in arm_settings(arguments) if name not in kind.settings]:
        option = f'--{strange[0].replace("_", "-")}'
        raise ConfigError(f'{option}: {env} brings its own arm; expected --env bullet:<task> with '
                          'it')
    if arguments.baseline != 'none':
        from abm_ros.bench.learn import baseline
        baseline.require(arguments.baseline)
        baseline.gym_id(env)
    if arguments.json is not None:
        from abm_ros.bench.learn import plot
        from abm_ros.report import pictures
        pictures.require()     # before hours are spent
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
        plot.draw(figures, picture)
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
    """Return the name of the body: what names no kind is an id of gymnasium's."""
    return env if ':' in env or env in BODIES.names() else f'gym:{env}'


def settings(arguments: argparse.Namespace, env: str) -> dict[str, Any]:
    """Return what the figures were made with."""
    agent = agent_settings(arguments)
    made = {'urdf': '', **arm_settings(arguments), 'seeds': seeds(arguments),
            'steps': arguments.steps, 'eval_episodes': arguments.eval_episodes, 'drive': asdict(
                mode_task(arguments.exploration)), 'agent': asdict(agent),
            'world_model': agent.world.implementation, 'policy': agent.actor.implementation}
    if arguments.baseline != 'none':
        from abm_ros.bench.learn.baseline import settings_text
        made['baseline'] = {'steps': arguments.baseline_steps,
                            **settings_text(arguments.baseline, env)}
    return made
