"""The picture of `abm bench life`: success of each agent, worlds as bands, changes as lines."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from abm_ros.bench.life.figures import success_of
from abm_ros.bench.life.run import Lived
from abm_ros.bodies.shift.script import LifeScript

_WINDOW = 40     # steps over which success is averaged


def spans(changes: Sequence[tuple[int, Any]], steps: int) -> list[tuple[int, int, Any]]:
    """Return (from step, to step, what) of what changed to something at some steps."""
    ends = [*(at for at, _ in changes), steps][1:]
    return [(at, end, what) for (at, what), end in zip(changes, ends, strict=True)]


def draw(lives: Sequence[Lived], script: LifeScript, file: Path) -> None:
    """
    Draw a life.

    :param file: the PNG.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    colours: dict[str, str] = {}
    names = list(dict.fromkeys(lived.agent for lived in lives))
    figure = Figure(figsize=(11.0, 1.5 + 1.3 * len(names)), layout='constrained')
    FigureCanvasAgg(figure)
    axes = np.atleast_1d(figure.subplots(len(names), 1, sharex=True, sharey=True))
    for axis, name in zip(axes, names, strict=True):
        for lived in (one for one in lives if one.agent == name):
            each = np.nan_to_num(success_of(lived), nan=0.0)
            smooth = np.convolve(each, np.ones(_WINDOW) / _WINDOW, mode='valid')
            axis.plot(np.arange(len(smooth)) + _WINDOW / 2, smooth, lw=1.0, alpha=0.7)
            for at, until, world in spans([(0, 0), *lived.beliefs], lived.steps):
                axis.axvspan(at, until, 0.0, 0.06, color=f'C{world % 10}', lw=0)
            for at, until, mode in spans(lived.modes, lived.steps):
                axis.axvspan(at, until, 0.94, 1.0, color=colours.setdefault(
                    mode, f'C{9 - len(colours) % 10}'), lw=0, label=mode)
        for step, _ in script.changes():
            axis.axvline(step, color='0.3', lw=0.8, ls=':')
        axis.set_ylabel(name)
        axis.set_ylim(-0.05, 1.05)
        shown = dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
        if shown:
            axis.legend(shown.values(), shown.keys(), loc='center left', bbox_to_anchor=(1.0, 0.5))
    axes[-1].set_xlabel('control steps; dotted: the world changes; below: the world believed; '
                        'above: the mode')
    figure.suptitle(f'{script.body}: success, mean of {_WINDOW} steps, one line per seed')
    figure.savefig(file, dpi=110)
