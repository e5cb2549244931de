"""Figures, the table and the JSON of a benchmark."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from abm_ros.common.errors import GraphError


def quantiles(samples_s: Sequence[float]) -> dict[str, float]:
    """
    Return the median and the 99th percentile of times.

    :param samples_s: (N,) seconds.
    :return: `p50_ms` and `p99_ms`.
    :raises GraphError: there are no samples.
    """
    if not len(samples_s):
        raise GraphError('nothing was measured: no answer came back from the graph')
    p50, p99 = np.percentile(np.asarray(samples_s) * 1e3, [50, 99])
    return {'p50_ms': round(float(p50), 4), 'p99_ms': round(float(p99), 4)}


def ratio(above: Mapping[str, float], below: Mapping[str, float], key: str) -> float:
    """Return one figure over its floor."""
    return round(above[key] / below[key], 4)


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the median, the least and the greatest of the repeats."""
    return {'median': round(float(np.median(values)), 4), 'min': round(min(values), 4),
            'max': round(max(values), 4)}


def load_average() -> float:
    """Return the load of the last minute, which shows whether other programs ran beside."""
    return round(os.getloadavg()[0], 2)


def report(title: str, figures: Mapping[str, Any], json_file: Path | None) -> None:
    """
    Print figures as a table and write them.

    A mapping of numbers is a row of its own; lists and deeper mappings are in the file only.
    """
    write_json(figures, json_file)     # first: what was measured for long is kept in any case
    table = Table('figure', 'value', title=title)
    for key, value in figures.items():
        if isinstance(value, Mapping):
            if any(isinstance(v, Mapping) for v in value.values()):
                continue
            table.add_row(key, '  '.join(f'{k} {_shown(v)}' for k, v in value.items()))
        elif isinstance(value, int | float | str):
            table.add_row(key, f'{value:g}' if isinstance(value, float) else str(value))
    Console(highlight=False).print(table)


def _shown(value: float | Sequence[float | None] | None) -> str:
    if value is None:
        return '-'     # a word in brackets would be taken for a style
    return (f'{value:g}' if isinstance(value, int | float)
            else f'[{", ".join(map(_shown, value))}]')


def write_json(figures: Mapping[str, Any], json_file: Path | None) -> None:
    """Write figures to a file, if one is given; make its folder."""
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(figures, indent=2) + '\n', encoding='utf-8')
