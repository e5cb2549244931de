"""The picture of `abm bench learn`: success against environment steps."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from abm_ros.bench.learn.figures import OWN

_KINDS = {'native': 'native: goal reached at any time',
          'strict': 'strict: goal reached at the last step'}


def band(curves: Sequence[Mapping[str, Any]], kind: str) -> tuple[np.ndarray, np.ndarray]:
    """
    Return what is drawn of an agent: steps (N,) and least, median and greatest success (3, N).

    A seed that ended early, its thresholds reached, is drawn on at its last value.
    """
    steps = np.unique(np.concatenate([curve['steps'] for curve in curves]))
    rows = [np.interp(steps, curve['steps'], curve[kind]) for curve in curves]
    return steps, np.array([np.min(rows, axis=0), np.median(rows, axis=0), np.max(rows, axis=0)])


def draw(figures: Mapping[str, Any], file: Path) -> None:
    """
    Draw the learning curves of all agents.

    :param figures: what the JSON holds.
    :param file: the PNG.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    figure = Figure(figsize=(11.0, 5.2), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, 2, sharey=True, sharex=True)
    for axis, (kind, title) in zip(axes, _KINDS.items(), strict=True):
        _panel(axis, figures, kind, title)
    axes[0].set_ylabel(f'success over {figures["settings"]["eval_episodes"]} episodes')
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc='outside lower center', ncols=min(len(labels), 5),
                  frameon=False)
    seeds = len(figures['settings']['seeds'])
    ratio = figures.get('ratio')
    figure.suptitle(f'{figures["env"]}: median and range of {seeds} '
                    f'seed{"s" if seeds > 1 else ""}; dot: median steps to '
                    f'{figures["threshold"]:g}'
                    + (f' (baseline / abm: {ratio:g})' if ratio else ''))
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=130)


def _panel(axis: Any, figures: Mapping[str, Any], kind: str, title: str) -> None:
    threshold = figures['threshold']
    for number, (name, agent) in enumerate(figures['agents'].items()):
        own, less = name == OWN, name.startswith(f'{OWN}-')
        colour = f'C{number % 10}' if own or less else '0.25'
        steps, (low, middle, high) = band(agent['curve'], kind)
        axis.fill_between(steps, low, high, color=colour, alpha=0.07 if less else 0.18,
                          linewidth=0)
        axis.plot(steps, middle, color=colour, label=name, linewidth=2.6 if own else 1.5,
                  zorder=4 if own else 2)
        reached = agent['median' if kind == 'native' else 'strict_median']
        if reached is None:
            continue
        axis.plot([reached], [threshold], 'o', color=colour, markersize=10 if own else 7,
                  markeredgecolor='white', zorder=6 if own else 5)
        if not less:     # ablations may lie side by side
            axis.text(reached, 1.035, f'{reached:,.0f}', color=colour, ha='center', fontsize=10,
                      fontweight='bold' if own else 'normal', zorder=6)
    axis.axhline(threshold, color='0.4', linestyle='--', linewidth=1, zorder=1)
    axis.set(xscale='log', ylim=(-0.02, 1.09), xlabel='environment steps', title=title)
    axis.set_yticks([0.0, 0.25, 0.5, 0.75, threshold, 1.0])
    axis.xaxis.set_major_formatter(lambda value, _: f'{value:,.0f}')
    axis.grid(alpha=0.25, which='both', linewidth=0.5)
    axis.spines[['top', 'right']].set_visible(False)
