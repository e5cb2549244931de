"""Options, measuring and report of `abm bench teach`."""

import argparse

from abm_ros.bench.common.figures import load_average, report
from abm_ros.bench.teach.figures import of_corrections, of_one, of_teachers
from abm_ros.common.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add('--seeds', type=int, default=8, metavar='N',
        help='of one demonstration, each with a place of its own; 0 for none (%(default)s)')
    add('--life-seeds', type=int, default=4, metavar='N',
        help='of lives among teachers; 0 for none (%(default)s)')
    add('--seed-offset', type=int, default=0, metavar='N', help='first seed (%(default)s)')
    add('--transitions', type=int, default=80, metavar='N',
        help='that are lived before the demonstration (%(default)s)')
    add('--updates', type=int, default=200, metavar='N',
        help='of System B with and without it (%(default)s)')
    add('--steps', type=int, default=600, metavar='N',
        help='environment steps of a life among teachers (%(default)s)')
    add('--every', type=int, default=40, metavar='N',
        help='steps between two demonstrations of it (%(default)s)')
    add('--points', type=int, default=4, metavar='N',
        help='evaluations of it, evenly spread (%(default)s)')
    add('--correction-seeds', type=int, default=4, metavar='N',
        help='of short lives with and without corrections; 0 for none (%(default)s)')
    add('--correction-steps', type=int, default=80, metavar='N',
        help='environment steps of such a life, the same with and without (%(default)s)')
    add('--corrections', type=int, default=10, metavar='N',
        help='of it, each at the beginning of an episode (%(default)s)')
    add('--corrected-from', type=int, default=20, metavar='N',
        help='step of it before which no correction comes (%(default)s)')
    add('--eval-episodes', type=int, default=20, metavar='N', help='(%(default)s)')


def run(arguments: argparse.Namespace) -> int:
    """Measure, print and write; return the exit code."""
    for option in ('transitions', 'updates', 'steps', 'every', 'points', 'eval_episodes',
                   'corrections', 'correction_steps'):
        if getattr(arguments, option) < 1:
            raise ConfigError(f'--{option.replace("_", "-")} {getattr(arguments, option)}: '
                              'expected at least 1')
    from abm_ros.bench.learn.jobs import mode_task
    from abm_ros.bench.learn.trial import Protocol, Trial
    from abm_ros.bench.teach.corrections import corrected
    from abm_ros.bench.teach.run import BODY, among_teachers, one_demonstration
    load, protocol, objective = load_average(), Protocol(episodes=arguments.eval_episodes), (
        mode_task(None))

    def trial(number: int, points: tuple[int, ...]) -> Trial:
        seed = arguments.seed_offset + number
        return Trial('teach', BODY, seed, points, protocol, objective=objective,
                     arm={'button_seed': seed})

    figures = of_one([one_demonstration(trial(n, (arguments.transitions,)), arguments.updates)
                      for n in range(arguments.seeds)])
    points = tuple(arguments.steps * (n + 1) // arguments.points for n in range(arguments.points))
    figures |= of_teachers([
        tuple(among_teachers(trial(n, points), arguments.every, taught=taught)
              for taught in (False, True)) for n in range(arguments.life_seeds)], points)
    figures |= of_corrections([
        corrected(trial(n, (arguments.correction_steps,)), arguments.corrections,
                  arguments.corrected_from) for n in range(arguments.correction_seeds)])
    report('abm bench teach', figures | {'load_before': load, 'load_after': load_average()},
           arguments.json)
    return 0
