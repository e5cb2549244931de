"""Options, measuring and report of `abm bench imagine`."""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console

from abm_ros.bench.common.figures import load_average, report
from abm_ros.bench.common.processes import Children, own_domain
from abm_ros.bench.common.records import fill
from abm_ros.bench.imagine.figures import of_speed, of_success
from abm_ros.common.errors import ConfigError

_TRANSITIONS = 20_000     # in the record that the graph dreams from


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add('--env', default='gym:PandaReachJoints-v3', metavar='BODY', help='(%(default)s)')
    add('--transitions', type=int, default=25, metavar='N',
        help='that are lived and learned from (%(default)s)')
    add('--held-out', type=int, default=10, metavar='N',
        help='that are lived after them and judge the model (%(default)s)')
    add('--rest', type=int, default=100, metavar='N',
        help='updates of both systems before imagining (%(default)s)')
    add('--updates', type=int, default=300, metavar='N',
        help='of System B, on lived experience and in imagination (%(default)s)')
    add('--damage', default='1,mirrored', metavar='LIST',
        help="bad models: noise on each weight in deviations, or 'mirrored' (%(default)s)")
    add('--unguarded', action='store_true',
        help='dream in bad models also without the guard that refuses them')
    add('--eval-episodes', type=int, default=50, metavar='N', help='(%(default)s)')
    add('--seeds', type=int, default=10, metavar='N', help='0 measures speed alone (%(default)s)')
    add('--seed-offset', type=int, default=0, metavar='N', help='first seed (%(default)s)')
    add('--repeats', type=int, default=5, metavar='N',
        help='turns of graph and process; 0 measures success alone (%(default)s)')
    add('--block', type=float, default=5.0, metavar='S',
        help='seconds of one turn of one side (%(default)s)')
    add('--domain', type=int, metavar='N', help='ROS domain (a free one)')


def run(arguments: argparse.Namespace) -> int:
    """Measure, print and write; return the exit code."""
    if (min(arguments.seeds, arguments.repeats, arguments.held_out, arguments.rest) < 0
            or min(arguments.transitions, arguments.updates, arguments.eval_episodes) < 1
            or arguments.block <= 0):
        raise ConfigError('abm bench imagine: expected counts of at least 0, --transitions, '
                          '--updates and --eval-episodes of at least 1, and --block above 0')
    figures: dict[str, Any] = {}
    if arguments.repeats:
        figures |= of_speed(_turns(arguments))
    if arguments.seeds:
        figures |= of_success(_pairs(arguments))
    report('abm bench imagine', figures | {'load_average': load_average()}, arguments.json)
    return 0


def _turns(arguments: argparse.Namespace) -> list[tuple[float, float]]:
    with own_domain(arguments.domain), tempfile.TemporaryDirectory() as name:
        # Here and not above: `abm --help` must not import ROS or torch.
        from abm_ros.bench.imagine.speed import SpeedRun
        from abm_ros.bench.learn.jobs import mode_objective
        folder = Path(name)
        fill(folder / 'memory.db', _TRANSITIONS, 1000, arguments.seed_offset)
        console = Console(stderr=True, highlight=False)
        with Children(folder) as children:
            return SpeedRun(children, folder, arguments.seed_offset, console,
                            mode_objective('imagine')).measure(arguments.repeats, arguments.block)


def _pairs(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    from abm_ros.bench.imagine.success import ImaginePlan, compare
    from abm_ros.bench.learn.jobs import mode_objective, mode_task
    from abm_ros.bench.learn.trial import Protocol, Trial
    damage = tuple(kind.strip() for kind in arguments.damage.split(',') if kind.strip())
    plan = ImaginePlan(arguments.transitions, arguments.held_out, arguments.rest,
                       arguments.updates, mode_objective('imagine'), damage,
                       arguments.unguarded)
    return [compare(Trial('imagine', arguments.env, arguments.seed_offset + n, (1,),
                          Protocol(episodes=arguments.eval_episodes),
                          objective=mode_task(None)), plan)
            for n in range(arguments.seeds)]
