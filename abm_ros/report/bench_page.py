"""The page of a benchmark: its picture and every figure of its JSON, in one HTML file."""

import io
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from abm_ros.common.errors import StoreError
from abm_ros.report import pictures
from abm_ros.report.html import document, number, picture, section

_MOST_BARS, _MOST_PLOTS = 40, 12
Leaf = tuple[tuple[str, ...], Any]


def write_bench_page(file: Path, command: str, since: float) -> Path:
    """
    Write the page of a benchmark beside its figures, `.html` in place of `.json`.

    A benchmark that has drawn no picture gets bars of its figures, also as `.png`.

    :param file: the figures, as JSON.
    :param command: what was run.
    :param since: when it began, s since the epoch; an older picture is of another run.
    :raises StoreError: the figures cannot be read, or the page cannot be written.
    :raises ConfigError: matplotlib is not installed.
    """
    pictures.require()
    image, page = file.with_suffix('.png'), file.with_suffix('.html')
    try:
        leaves = list(_leaves({'figures': json.loads(file.read_text(encoding='utf-8'))}))
        own = image.is_file() and image.stat().st_mtime >= since
        drawn = image.read_bytes() if own else _bars(leaves)
        if drawn is not None and not own:
            image.write_bytes(drawn)
        page.write_text(_page(command, since, leaves, drawn), encoding='utf-8')
    except (OSError, ValueError) as error:
        raise StoreError(f'{page}: the page of the benchmark cannot be written: {error}'
                         ) from error
    return page


def _leaves(figures: Any, path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Yield what the figures hold, with its way there; a list is one leaf."""
    if isinstance(figures, Mapping):
        for name, value in figures.items():
            yield from _leaves(value, (*path, str(name)))
    elif isinstance(figures, list) and any(isinstance(value, Mapping) for value in figures):
        for place, value in enumerate(figures):
            yield from _leaves(value, (*path, str(place)))
    else:
        yield path, figures


def _numbers(value: Any) -> list[float]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        return []
    return [float(v) for v in values]


def _bars(leaves: Sequence[Leaf]) -> bytes | None:
    """Draw figures of one name in one plot, since only they have the same unit; None for none."""
    plots: dict[str, list[tuple[str, list[float]]]] = {}
    for path, value in leaves:
        if values := _numbers(value):
            plots.setdefault(path[-1], []).append((' '.join(path[1:-1]) or path[-1], values))
    several = {name: bars for name, bars in plots.items()
               if sum(len(values) for _, values in bars) > 1}    # one number needs no picture
    shown = [(name, bars[:_MOST_BARS]) for name, bars in (several or plots).items()
             ][:_MOST_PLOTS]
    if not shown:
        return None
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    heights = [0.5 + 0.3 * len(bars) for _, bars in shown]
    figure = Figure(figsize=(9.0, 0.5 + sum(heights)), layout='constrained', facecolor='white')
    FigureCanvasAgg(figure)
    grid = figure.subplots(len(shown), 1, gridspec_kw={'height_ratios': heights})
    for axis, (name, bars) in zip(np.atleast_1d(grid), shown, strict=True):
        rows = np.arange(len(bars))[::-1]
        axis.barh(rows, [float(np.median(values)) for _, values in bars], height=0.6, alpha=0.6)
        for row, (_, values) in zip(rows, bars, strict=True):
            axis.plot(values, [row] * len(values), '.', color='0.2', ms=4)
        axis.set_yticks(rows, [label for label, _ in bars], fontsize=8)
        axis.set_title(name.replace('_', ' '), fontsize=9, loc='left')
        axis.spines[['top', 'right']].set_visible(False)
    stream = io.BytesIO()
    figure.savefig(stream, format='png', dpi=110)
    return stream.getvalue()


def _page(command: str, began: float, leaves: Sequence[Leaf], image: bytes | None) -> str:
    rows = ''.join(
        f'<tr><td>{escape(" / ".join(path[1:] or path))}</td>'
        f'<td class="n">{escape(_text(value))}</td></tr>'
        for path, value in leaves)
    when = time.strftime('%Y-%m-%d %H:%M', time.localtime(began))
    return document(command, [
        f'<h1>{escape(command)}</h1><p class="sub">{escape(when)}</p>',
        picture('Figures', image),
        section('All figures', f'<table><tr><th>figure</th><th>value</th></tr>{rows}</table>')])


def _text(value: Any) -> str:
    return ', '.join(number(v) for v in value) if isinstance(value, list) else number(value)
