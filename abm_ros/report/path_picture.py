"""The picture of `abm plan`: the imagined beside the executed path of a goal."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

_DPI = 110
_NAMES = 'xyz'
_STYLES = {'imagined': ('#b45309', 'o--'), 'executed': ('#1d4ed8', 'o-')}


def draw(figures: Mapping[str, Any], file: Path) -> None:
    """
    Draw both paths in the planes of the goal's first coordinates, and their distances from it.

    :param figures: what the JSON of `abm plan` holds.
    :param file: the PNG.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    size = len(figures['goal'])
    planes = [(0, 1), (0, 2)][:size - 1] if 1 < size <= len(_NAMES) else []
    figure = Figure(figsize=(4.8 * (len(planes) + 1), 4.6), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(planes) + 1, squeeze=False)[0]
    for axis, plane in zip(axes[:-1], planes, strict=True):
        _plane(axis, figures, plane)
    _distance(axes[-1], figures)
    axes[0].legend(frameon=False)
    figure.suptitle(_title(figures))
    figure.savefig(file, dpi=_DPI)


def _title(figures: Mapping[str, Any]) -> str:
    said = {name: 'not reached' if figures[name]['reached_at'] is None
            else f'reached after {figures[name]["reached_at"]} steps' for name in _STYLES}
    return ',  '.join(f'{name}: {text}' for name, text in said.items())


def _plane(axis: Any, figures: Mapping[str, Any], plane: tuple[int, int]) -> None:
    from matplotlib.patches import Circle
    for name, (colour, style) in _STYLES.items():
        path = np.array(figures[name]['achieved'])[:, list(plane)]
        axis.plot(*path.T, style, color=colour, markersize=3, label=name)
    goal = figures['goal'][plane[0]], figures['goal'][plane[1]]
    axis.add_patch(Circle(goal, figures['tolerance'], color='#15803d', alpha=0.3, label='goal'))
    axis.set_xlabel(f'{_NAMES[plane[0]]} of {figures["goal_field"]}')
    axis.set_ylabel(_NAMES[plane[1]])
    axis.set_aspect('equal', adjustable='datalim')


def _distance(axis: Any, figures: Mapping[str, Any]) -> None:
    for name, (colour, style) in _STYLES.items():
        axis.plot(figures[name]['distance'], style, color=colour, markersize=3, label=name)
    axis.axhline(figures['tolerance'], color='#15803d', linestyle=':', label='tolerance')
    axis.set_xlabel('control steps')
    axis.set_ylabel('distance from the goal')
    axis.set_ylim(bottom=0.0)
