"""The table of `abm bench learn`."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table


def print_table(figures: Mapping[str, Any]) -> None:
    """Print the comparison."""
    table = Table('agent', 'native', 'range', 'seeds', 'strict', 'range', 'seeds',
                  title=f'abm bench learn {figures["env"]}: environment steps to '
                  f'{figures["threshold"]:g}, median')
    for name, agent in figures['agents'].items():
        native, strict = agent['steps_to_threshold'], agent['strict_steps_to_threshold']
        table.add_row(name, _text(agent['median']), _range(agent['spread']), _reached(native),
                      _text(agent['strict_median']), _range(agent['strict_spread']),
                      _reached(strict))
    console = Console(highlight=False)
    console.print(table)
    if 'strict_ratio' in figures:
        console.print(f'ratio baseline / abm: {_text(figures["ratio"])} native, '
                      f'{_text(figures["strict_ratio"])} strict')
    costs = [curve['step_ms'] for curve in figures['agents']['abm']['curve'] if curve['step_ms']]
    if costs:
        console.print('one thread, ms: ' + ', '.join(
            f'{what} {median(cost[what] for cost in costs):.2f}' for what in costs[0]))
    passive = figures.get('passive_data')
    if passive:
        console.print(_passive(passive))
    console.print(f'{figures["wall_s"]:g} s')


def _passive(found: Mapping[str, Any]) -> Table:
    table = Table('held-out behaviour', 'error', 'steps', 'active', 'passive',
                  'passive / active [95 %]', title='model error, predicting no change = 1')
    for key, entry in found.items():
        if not isinstance(entry, Mapping):
            continue
        behaviour, _, error = key.partition('_')
        for number, steps in enumerate(found['steps']):
            ratio = entry['passive_over_active'][number]
            low, high = ratio['ci95']
            table.add_row(behaviour, error.replace('_', ' '), str(steps),
                          f'{entry["active"][number]:.4f}', f'{entry["passive"][number]:.4f}',
                          f'{ratio["mean"]:.2f} [{_text(low)}, {_text(high)}]')
    return table


def _text(value: float | None) -> str:
    return '-' if value is None else f'{value:g}'


def _range(ends: Sequence[int | None]) -> str:
    return ' to '.join(_text(end) for end in ends)


def _reached(values: Sequence[int | None]) -> str:
    return f'{sum(v is not None for v in values)} of {len(values)}'
