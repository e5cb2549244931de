"""Pictures of an evolution: fitness by generation, genes that moved or mattered, the best life."""

from pathlib import Path
from typing import Any

import numpy as np

from abm_ros.lives.lived import Lived

_GENES = 20        # that are shown
_WINDOW = 30       # steps over which success is averaged


def draw(report: dict[str, Any], folder: Path) -> list[Path]:
    """
    Draw a report of `results.write_results`.

    :return: the PNG files.
    """
    made = {'fitness.png': _fitness, 'genes.png': _genes, 'lives.png': _lives}
    if report['sensitivity']:
        made['sensitivity.png'] = _sensitivity
    for name, picture in made.items():
        figure = _figure()
        picture(report, figure)
        figure.savefig(folder / name, dpi=110)
    return [folder / name for name in made]


def _figure() -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    figure = Figure(figsize=(9.0, 5.5), layout='constrained')
    FigureCanvasAgg(figure)
    return figure


def _fitness(report: dict[str, Any], figure: Any) -> None:
    axis = figure.subplots()
    generations = report['generations']
    number = np.arange(1, len(generations) + 1)
    for name, style in (('best', '-o'), ('mean', '-'), ('reference', '--')):
        axis.plot(number, [each[name] for each in generations], style, label=name)
    axis.set_xlabel('generation (its lives are its own: compare with the reference beside it)')
    axis.set_ylabel('fitness')
    axis.legend()


def _genes(report: dict[str, Any], figure: Any) -> None:
    """Draw how far genes moved, as shares of the way between their bounds."""
    axis = figure.subplots()
    rows = report['genes'][:_GENES][::-1]
    shares = [(row['end'] - row['begin']) / (row['high'] - row['low']) if row['scale'] == 'linear'
              else np.log(row['end'] / row['begin']) / np.log(row['high'] / row['low'])
              for row in rows]
    axis.barh([row['name'] for row in rows], shares)
    axis.axvline(0.0, color='0.3', lw=0.8)
    axis.set_xlabel('moved by, as a share of the way between the bounds')
    axis.tick_params(axis='y', labelsize=7)


def _sensitivity(report: dict[str, Any], figure: Any) -> None:
    """Draw how genes went with fitness, with 95 % intervals."""
    axis = figure.subplots()
    rows = report['sensitivity'][:_GENES][::-1]
    values = np.array([row['correlation'] for row in rows])
    low, high = np.array([row['ci95'] for row in rows]).T
    axis.errorbar(values, range(len(rows)), fmt='o', xerr=[
        np.maximum(values - low, 0.0), np.maximum(high - values, 0.0)])
    axis.set_yticks(range(len(rows)), [row['name'] for row in rows], fontsize=7)
    axis.axvline(0.0, color='0.3', lw=0.8)
    axis.set_xlabel('rank correlation with the fitness of the first life of a generation')


def _lives(report: dict[str, Any], figure: Any) -> None:
    """Draw the winner's best life beside that of what evolution began with."""
    final = report['final']
    fitness = final['fitness'][final['winner']]
    best = int(np.argmax(fitness))
    names = dict.fromkeys((final['winner'], 'reference'))
    axes = np.atleast_1d(figure.subplots(len(names), 1, sharex=True, sharey=True))
    for axis, name in zip(axes, names, strict=True):
        lived = Lived.from_json(final['lives'][name][best])
        smooth = np.convolve(lived.success(), np.ones(_WINDOW) / _WINDOW, mode='same')
        axis.plot(smooth, label='success')
        ends = [step for step, _ in lived.modes[1:]] + [lived.steps]
        shown: list[str] = sorted({mode for _, mode in lived.modes})
        for (begin, mode), end in zip(lived.modes, ends, strict=True):
            axis.axvspan(begin, end, 0.0, 0.08, color=f'C{1 + shown.index(mode)}', lw=0)
        for place, mode in enumerate(shown):
            axis.plot([], [], color=f'C{1 + place}', lw=6, label=mode)
        axis.set_ylabel(f'{name}\narea {lived.area:.2f}')
        axis.legend(fontsize=7, loc='upper left')
    axes[-1].set_xlabel('control step; below: the mode in force')
