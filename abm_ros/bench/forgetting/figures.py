"""Figures and picture of the forgetting benchmark."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

EVERY = 10            # episodes between two evaluations


def summarise(lives: list[tuple[list[float], float]]) -> dict[str, float]:
    """Return what the lives of one kind kept, means and extremes over seeds."""
    peaks = [max(curve[:len(curve) // 2]) for curve, _ in lives]
    kept = [curve[-1] / max(peak, 1e-9) for (curve, _), peak in zip(lives, peaks, strict=True)]
    return {'peak': round(float(np.mean(peaks)), 3), 'kept': round(float(np.mean(kept)), 3),
            'least_kept': round(min(kept), 3), 'most_kept': round(max(kept), 3),
            'second': round(float(np.mean([second for _, second in lives])), 3)}


def draw(curves: Mapping[str, list[list[float]]], file: Path) -> None:
    """Draw success on task one against episodes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    figure = Figure(figsize=(7.0, 4.0), layout='constrained')
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    for name, lives in curves.items():
        mean = np.mean(lives, 0)
        episodes = EVERY * (np.arange(len(mean)) + 1)
        axis.plot(episodes, mean, label=name)
        axis.fill_between(episodes, np.min(lives, 0), np.max(lives, 0), alpha=0.15)
    axis.axvline(EVERY * len(mean) / 2, color='grey', linestyle=':')
    axis.set(xlabel='episodes lived (task two begins at the line)', ylabel='success on task one',
             ylim=(-0.02, 1.02), title='An old skill while a new one is learned, memory full')
    axis.legend(loc='lower left')
    figure.savefig(str(file), dpi=110)
