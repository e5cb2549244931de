"""Options, measuring and report of `abm bench forgetting`."""

import argparse
from typing import Any

from abm_ros.bench.common.figures import load_average, report
from abm_ros.bench.forgetting.figures import draw, summarise

ARMS = {'fifo': ('fifo', 'uniform'), 'fifo-balanced': ('fifo', 'balanced'),
        'worth': ('worth', 'uniform'), 'worth-balanced': ('worth', 'balanced')}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('--episodes', type=int, default=100, metavar='N',
                        help='of each task (%(default)s)')
    parser.add_argument('--bytes', type=int, default=30_000, metavar='N',
                        help='of steps that memory keeps (%(default)s)')
    parser.add_argument('--seeds', type=int, default=3, metavar='N', help='(%(default)s)')


def run(arguments: argparse.Namespace) -> int:
    """Measure, draw beside the JSON and report."""
    # Here and not above: `abm --help` must not import torch.
    import torch

    from abm_ros.bench.forgetting.run import SkillLife, live
    torch.set_num_threads(1)
    lives = {name: [live(SkillLife(arguments.episodes, arguments.bytes, *arm), seed)
                     for seed in range(arguments.seeds)] for name, arm in ARMS.items()}
    figures: dict[str, Any] = {name: summarise(pairs) for name, pairs in lives.items()}
    curves = {name: [curve for curve, _ in pairs] for name, pairs in lives.items()}
    figures |= {'load_average': load_average()}
    if arguments.json is not None:
        draw(curves, arguments.json.with_suffix('.png'))
    report('abm bench forgetting', figures, arguments.json)
    return 0
