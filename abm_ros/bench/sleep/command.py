"""Options, measuring and report of `abm bench sleep`."""

import argparse

from abm_ros.bench.common.figures import load_average, report
from abm_ros.bench.sleep.figures import of_sleeps
from abm_ros.common.errors import ConfigError
from abm_ros.memory.replay.order import PLANNED, PREFERENCES
from abm_ros.meta.signals.config import MetaStateConfig


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add('--env', default='gym:PandaReachJoints-v3', metavar='BODY', help='(%(default)s)')
    add('--transitions', type=int, default=30, metavar='N',
        help='that are lived before the interruption (%(default)s)')
    add('--quota', type=int, default=400, metavar='N',
        help='updates of each system after which sleep ends at the latest (%(default)s)')
    add('--least-gain', type=float, default=MetaStateConfig().consolidation_gain, metavar='SHARE',
        help='gain of both systems below which sleep ends (%(default)s)')
    add('--order', default=PLANNED, choices=PREFERENCES, help='of replay (%(default)s)')
    add('--against', default='', choices=('', *PREFERENCES),
        help='another order that takes as many updates from the same models')
    add('--planning', action='store_true',
        help='System B plans in the evaluation; without it the policy acts alone')
    add('--eval-episodes', type=int, default=50, metavar='N', help='(%(default)s)')
    add('--seeds', type=int, default=10, metavar='N', help='(%(default)s)')
    add('--seed-offset', type=int, default=0, metavar='N', help='first seed (%(default)s)')


def run(arguments: argparse.Namespace) -> int:
    """Measure, print and write; return the exit code."""
    if (min(arguments.transitions, arguments.quota, arguments.eval_episodes, arguments.seeds) < 1
            or not 0.0 <= arguments.least_gain <= 1.0):
        raise ConfigError('abm bench sleep: expected --transitions, --quota, --eval-episodes and '
                          '--seeds of at least 1, and --least-gain in [0, 1]')
    # Here and not above: `abm --help` must not import torch.
    from abm_ros.bench.learn.jobs import mode_task, seeds
    from abm_ros.bench.learn.trial import Protocol, Trial
    from abm_ros.bench.sleep.run import SleepPlan, interrupted
    plan = SleepPlan(arguments.quota, arguments.least_gain, arguments.order, arguments.against,
                     planning=arguments.planning)
    nights = [interrupted(Trial('sleep', arguments.env, seed, (arguments.transitions,),
                                Protocol(episodes=arguments.eval_episodes),
                                objective=mode_task(None)), plan)
              for seed in seeds(arguments)]
    report('abm bench sleep', of_sleeps(nights) | {'load_average': load_average()},
           arguments.json)
    return 0
