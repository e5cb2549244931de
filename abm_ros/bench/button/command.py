"""Options, measuring and report of `abm bench button`."""

import argparse
import sys
import time

from abm_ros.bench.common.figures import load_average, write_json
from abm_ros.common.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add('--agents', default='abm,distance,random', metavar='LIST',
        help='abm is told success alone, distance the place, random learns nothing (%(default)s)')
    add('--seeds', type=int, default=5, metavar='N',
        help='lives of each agent, each with a place of its own (%(default)s)')
    add('--seed-offset', type=int, default=0, metavar='N', help='first seed (%(default)s)')
    add('--steps', type=int, default=600, metavar='N',
        help='environment steps of a life (%(default)s)')
    add('--every', type=int, default=100, metavar='N',
        help='steps between evaluations (%(default)s)')
    add('--eval-episodes', type=int, default=20, metavar='N',
        help='episodes of an evaluation (%(default)s)')
    add('--threshold', type=float, default=0.9, metavar='P',
        help='success that counts as learned (%(default)s)')


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, draw and write; return the exit code."""
    from abm_ros.bench.button.run import AGENTS
    names = [name.strip() for name in arguments.agents.split(',') if name.strip()]
    if strange := [name for name in names if name not in AGENTS]:
        raise ConfigError(f"--agents: '{strange[0]}' is unknown, expected some of "
                          f'{", ".join(AGENTS)}')
    for option in ('seeds', 'steps', 'every', 'eval_episodes'):
        if getattr(arguments, option) < 1:
            raise ConfigError(f'--{option.replace("_", "-")} {getattr(arguments, option)}: '
                              'expected at least 1')
    from abm_ros.bench.button.figures import draw, print_table, summarise
    from abm_ros.bench.button.run import live
    from abm_ros.bench.learn.curve import evaluation_steps
    from abm_ros.bench.learn.jobs import mode_task
    from abm_ros.bench.learn.trial import Protocol
    start_s, load = time.monotonic(), load_average()
    points = tuple(evaluation_steps(arguments.steps, arguments.every))
    protocol = Protocol(arguments.threshold, arguments.eval_episodes)
    lives = [live(name, arguments.seed_offset + n, points, protocol, mode_task(None))
             for n in range(arguments.seeds) for name in names]
    figures = {'seeds': arguments.seeds, 'seed_offset': arguments.seed_offset,
               'eval_episodes': arguments.eval_episodes,
               **summarise(lives, points, arguments.threshold),
               'wall_s': round(time.monotonic() - start_s, 1), 'load_before': load,
               'load_after': load_average()}
    print_table(figures)
    write_json(figures, arguments.json)
    if arguments.json is not None:
        draw(figures, picture := arguments.json.with_suffix('.png'))
        sys.stderr.write(f'drawn: {picture}\n')
    return 0
