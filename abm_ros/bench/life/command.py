"""Options, measuring and report of `abm bench life`."""

import argparse
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from abm_ros.bench.common.figures import load_average, write_json
from abm_ros.bodies.arm_options import add_arm_arguments, arm_settings
from abm_ros.common.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add('--script', default='sign.yaml', metavar='FILE',
        help="the life: a file, or one of the package's own in config/lives (%(default)s)")
    add('--agents', default='abm,always,reset', metavar='LIST',
        help='abm, always (no worlds), reset, frozen, recent, fixed_schedule, random_switch (the '
        'best of a grid; with -N one size), managed (abm under System M), no_sleep (managed, with '
        'learning in wakeful modes alone), sb3_sac, sb3_tqc (%(default)s)')
    add('--seeds', type=int, default=5, metavar='N', help='lives of each agent (%(default)s)')
    add('--seed-offset', type=int, default=0, metavar='N', help='first seed (%(default)s)')
    add('--body', default='', metavar='NAME', help="another body than the script's")
    add('--distractor', default='', choices=('noisy-tv',),
        help='put something in sight that cannot be predicted')
    add_arm_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, draw and write; return the exit code."""
    if arguments.seeds < 1:
        raise ConfigError(f'--seeds: expected at least 1, got {arguments.seeds}')
    from abm_ros.bench.learn.jobs import mode_task
    from abm_ros.bench.life.agents import expanded
    from abm_ros.bench.life.figures import summarise
    from abm_ros.bench.life.run import live
    from abm_ros.bodies.shift.body import living
    from abm_ros.bodies.shift.script import load_script
    script = load_script(_text(arguments.script))
    script = replace(script, body=arguments.body or script.body)
    make = partial(living, settings=arm_settings(arguments), distractor=arguments.distractor)
    names = expanded(arguments.agents)
    objective = mode_task(None)
    lives = [live(name, script, arguments.seed_offset + n, objective, make)
             for n in range(arguments.seeds) for name in names]
    figures = {'script': arguments.script, 'body': script.body, 'seeds': arguments.seeds,
               'seed_offset': arguments.seed_offset, **summarise(lives, script),
               'load': load_average()}
    _print(figures)
    write_json(figures, arguments.json)
    if arguments.json is not None:
        from abm_ros.bench.life.plot import draw
        picture = arguments.json.with_suffix('.png')
        draw(lives, script, picture)
        sys.stderr.write(f'drawn: {picture}\n')
    return 0


def _text(name: str) -> str:
    from abm_ros.common.share import share_file
    from abm_ros.common.tables import read_text
    path = Path(name).expanduser()
    return read_text(path if path.is_file() else share_file(f'config/lives/{name}'), ConfigError)


def _print(figures: dict) -> None:
    from rich.console import Console
    from rich.table import Table
    table = Table('agent', 'area under success', '95 %', 'steps to ten successes', 'found after',
                  'false alarms', 'unsafe', 'ms per step',
                  title=f'{figures["script"]}: medians over {figures["seeds"]} seeds, changes at '
                  + ', '.join(str(step) for step, _ in figures['changes']))
    for name, found in figures['agents'].items():
        table.add_row(
            name, f'{found["auc"]:.3f}', ' to '.join(str(e) for e in found['auc_ci']),
            ', '.join(_shown(c['median']) for c in found['recover_steps']),
            ', '.join(_shown(c['median']) for c in found['found_steps']),
            str(found['false_alarms']), str(found['unsafe']), f'{found["step_ms"]:.1f}')
    console = Console(highlight=False)
    console.width = max(console.width, 110)     # a file has no width
    console.print(table)
    for name, pair in figures['pairs'].items():
        console.print(f'{name}: {pair["mean"]:+.3f} {pair["ci95"]}')


def _shown(value: float | None) -> str:
    return 'never' if value is None else f'{value:g}'
