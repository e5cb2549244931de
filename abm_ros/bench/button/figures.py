"""Figures, table and picture of `abm bench button`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from abm_ros.bench.button.run import Lived, success_at
from abm_ros.bench.learn.curve import first_of_two, median
from abm_ros.bench.life.figures import interval


def summarise(lives: Sequence[Lived], points: tuple[int, ...], threshold: float,
              seed: int = 0) -> dict[str, Any]:
    """
    Return each agent's success over steps, with bootstrap intervals over the seeds.

    :param points: environment steps after which was evaluated.
    :param seed: of the bootstrap.
    """
    rng, agents = np.random.default_rng(seed), dict[str, Any]()
    for name in dict.fromkeys(lived.agent for lived in lives):
        own = [lived for lived in lives if lived.agent == name]
        reached = [first_of_two([(s.steps, s.native) for s in lived.scores], threshold)
                   for lived in own]
        found: dict[str, Any] = {
            kind: [interval(column, rng) for column in np.array(
                [success_at(lived, points, kind) for lived in own]).T]
            for kind in ('native', 'strict')}
        agents[name] = found | {
            'steps_to_threshold': reached, 'median': median(reached),
            'first_success': [lived.first for lived in own],
            'first_success_median': median([lived.first for lived in own]),
            'curve': [{'seed': lived.seed, 'steps': [s.steps for s in lived.scores],
                       'native': [s.native for s in lived.scores],
                       'strict': [s.strict for s in lived.scores],
                       'wall_s': lived.wall_s} for lived in own]}
    return {'points': list(points), 'threshold': threshold, 'agents': agents}


def print_table(figures: Mapping[str, Any]) -> None:
    """Print success over steps, one row per agent."""
    table = Table('agent', *(f'{at} steps' for at in figures['points']), 'first success',
                  f'steps to {figures["threshold"]:g}', title='abm bench button: native success, '
                  'mean over seeds and its 95 % interval')
    for name, agent in figures['agents'].items():
        table.add_row(name, *(_cell(entry) for entry in agent['native']),
                      _shown(agent['first_success_median']), _shown(agent['median']))
    Console(highlight=False).print(table)


def draw(figures: Mapping[str, Any], file: Path) -> None:
    """
    Draw success over steps, with intervals.

    :param file: the PNG.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    figure = Figure(figsize=(7.5, 4.5), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for number, (name, agent) in enumerate(figures['agents'].items()):
        mean = [entry['mean'] for entry in agent['native']]
        ends = np.array([[m if end is None else end for end in entry['ci95']]
                         for m, entry in zip(mean, agent['native'], strict=True)])
        axes.plot(figures['points'], mean, 'o-', color=f'C{number}', label=name)
        axes.fill_between(figures['points'], *ends.T, color=f'C{number}', alpha=0.2, lw=0)
    axes.set(xlabel='environment steps', ylabel='success', ylim=(-0.02, 1.05),
             title='a place that only a button knows: mean and 95 % interval over seeds')
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
    figure.savefig(file, dpi=120)


def _cell(entry: Mapping[str, Any]) -> str:
    low, high = entry['ci95']
    return f'{entry["mean"]:.2f}' + ('' if low is None else f' [{low:.2f}, {high:.2f}]')


def _shown(value: float | None) -> str:
    return '-' if value is None else f'{value:g}'
