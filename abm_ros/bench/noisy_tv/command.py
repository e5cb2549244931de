"""Options, measuring and report of `abm bench noisy-tv`."""

import argparse
import sys

from abm_ros.bench.common.figures import load_average, write_json
from abm_ros.bench.noisy_tv.figures import BAR, Share, print_table, summarise
from abm_ros.common.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add('--body', default='bullet:reach', help='the body (%(default)s)')
    add('--seeds', type=int, default=3, metavar='N', help='lives of each kind (%(default)s)')
    add('--steps', type=int, default=3000, metavar='N',
        help='control steps of a life (%(default)s)')


def run(arguments: argparse.Namespace) -> int:
    """Measure, print and write; return the exit code."""
    if arguments.seeds < 1 or arguments.steps < 100:
        raise ConfigError('--seeds: expected at least 1; --steps: at least 100')
    # Here and not above: `abm --help` must not import torch.
    from abm_ros.bench.noisy_tv.run import live
    cells: dict[str, list[Share]] = {}
    for seed in range(arguments.seeds):
        for drive in ('reducible', 'raw'):
            for scene in ('control', 'noisy-tv'):
                share = live(arguments.body, scene, drive, seed, arguments.steps)
                cells.setdefault(f'{drive}/{scene}', []).append(share)
                sys.stderr.write(f'seed {seed} {drive:9s} {scene:8s}: play {share.play:.2f} '
                                 f'(second half {share.late_play:.2f}) '
                                 f'success {share.success:.2f}\n')
    figures = summarise(cells) | {
        'body': arguments.body, 'seeds': arguments.seeds, 'steps': arguments.steps, 'bar': BAR,
        'load': load_average()}
    print_table(figures)
    write_json(figures, arguments.json)
    return 0
