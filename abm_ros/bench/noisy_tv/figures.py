"""What a life beside the television came to, and the figures of all lives."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

BAR = 1.2


@dataclass(frozen=True)
class Share:
    """What one life came to."""

    play: float               # share of its steps in play
    late_play: float          # of its second half
    switches: int
    success: float            # of the last 20 task episodes
    uncertainty: float        # mean of the second half
    prediction_error: float


def summarise(cells: Mapping[str, list[Share]]) -> dict[str, Any]:
    """Return means, the single lives, and the ratios of play beside the television."""
    means = {cell: {name: round(float(np.mean([getattr(s, name) for s in lived])), 4)
                    for name in Share.__dataclass_fields__} for cell, lived in cells.items()}
    ratios = {drive: round(means[f'{drive}/noisy-tv']['play']
                           / max(means[f'{drive}/control']['play'], 1e-9), 4)
              for drive in ('reducible', 'raw')}
    return {'means': means, 'ratios': ratios,
            'lives': {cell: [vars(s) for s in lived] for cell, lived in cells.items()}}


def print_table(figures: Mapping[str, Any]) -> None:
    """Print the four cells and the two ratios."""
    from rich.console import Console
    from rich.table import Table
    table = Table('drive', 'scene', 'play', 'second half', 'switches', 'success',
                  'uncertainty', 'error', title='time in play')
    for cell, m in figures['means'].items():
        drive, scene = cell.split('/')
        table.add_row(drive, scene, *(f'{m[name]:.2f}' for name in (
            'play', 'late_play', 'switches', 'success', 'uncertainty', 'prediction_error')))
    console = Console(highlight=False)
    console.print(table)
    for drive, ratio in figures['ratios'].items():
        console.print(f'{drive}: play beside the television is {ratio:.2f} times the control '
                      f'(bar {BAR})')
