"""The pictures of a run: success and error, signals, modes, and commands against limits."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from abm_ros.common.colours import mode_colour
from abm_ros.common.errors import ConfigError
from abm_ros.meta.phi import Phi
from abm_ros.report.history import GAP_S, History

_WINDOW = 20      # episodes over which success is averaged
_DPI = 110
Bands = list[tuple[str, float, float]]


def require() -> None:
    """
    See that pictures can be drawn.

    :raises ConfigError: matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401  (asked for before anything is read)
    except ImportError as error:
        raise ConfigError(f'the pictures need matplotlib, which cannot be imported ({error}): '
                          "pip install 'abm_ros[bench]'") from error


def bands(history: History) -> Bands:
    """Return the modes of a run with begin and end, in seconds since its first one."""
    found: Bands = []
    start_s = began(history)
    for second in history.seconds:
        at_s, mode = second['t'] - start_s, second['mode']
        if found and found[-1][0] == mode and at_s - found[-1][2] < GAP_S:
            found[-1] = (mode, found[-1][1], at_s)
        else:
            if found and at_s - found[-1][2] < GAP_S:
                found[-1] = (*found[-1][:2], at_s)
            found.append((mode, at_s, at_s))
    return [band for band in found if band[0]]


def began(history: History) -> float:
    """Return when the run began, s since the epoch."""
    return float(history.seconds[0]['t']) if history.seconds else 0.0


def success(history: History) -> tuple[np.ndarray, np.ndarray]:
    """
    Return the share of successes among the last episodes, over time.

    :return: seconds (N,), share (N,).
    """
    counts = np.array([(second['t'] - began(history), second['episodes'], second['successes'])
                       for second in history.seconds if second.get('episodes')], float)
    if not counts.size:
        return np.empty(0), np.empty(0)
    times, episodes, successes = counts.T
    # The last look at which at least so many episodes fewer were over; before it none were.
    since = np.searchsorted(np.maximum.accumulate(episodes), episodes - _WINDOW, 'right') - 1
    done, reached = (np.where(since >= 0, values[since], 0.0) for values in (episodes, successes))
    new = episodes > done
    return times[new], (successes - reached)[new] / (episodes - done)[new]


def series(history: History, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the times and values of a signal; NaN parts what was not seen on end."""
    start_s = began(history)
    points = [(second['t'] - start_s, second['signals'][name]) for second in history.seconds
              if name in second.get('signals', {})]
    times, values = list[float](), list[float]()
    for at_s, value in points:
        if times and at_s - times[-1] > GAP_S:
            times.append(at_s)
            values.append(float('nan'))
        times.append(at_s)
        values.append(value)
    return np.array(times), np.array(values)


def draw_life(history: History) -> bytes:
    """Draw success and prediction error over the modes."""
    figure, axes = _figure(2, 1, 4.6)
    every = bands(history)
    for axis in axes:
        _shade(axis, every, history)
    times, shares = success(history)
    if times.size:
        axes[0].plot(times, shares, color='#1b2330', lw=1.8)
    axes[0].set_ylabel(f'success, last {_WINDOW}')
    axes[0].set_ylim(-0.05, 1.05)
    for name, colour in (('prediction_error', '#c0392b'), ('uncertainty', '#2563eb')):
        times, values = series(history, name)
        if times.size:
            axes[1].plot(times, values, color=colour, lw=1.3, label=name)
    axes[1].set_ylim(-0.05, 1.05)
    if axes[1].get_legend_handles_labels()[1]:
        axes[1].legend(loc='upper right', fontsize=8, frameon=False, ncols=2)
    axes[1].set_xlabel('seconds')
    _mode_legend(figure, every)
    return _png(figure)


def draw_signals(history: History, phi: Phi | None) -> bytes:
    """Draw each signal, with the thresholds of phi's hard overrides."""
    names = list(dict.fromkeys(name for second in history.seconds
                               for name in second.get('signals', {})))
    columns = 2
    rows = max(1, -(-len(names) // columns))
    figure, axes = _figure(rows, columns, 0.9 + 1.05 * rows)
    every = bands(history)
    rules = phi.overrides if phi is not None else ()
    for axis, name in zip(axes, names, strict=False):
        _shade(axis, every, history)
        times, values = series(history, name)
        axis.plot(times, values, color='#1b2330', lw=1.1)
        for rule in (rule for rule in rules if rule.signal == name):
            at = rule.above if rule.above is not None else rule.below
            axis.axhline(at, color=mode_colour(rule.mode), lw=1.0, ls='--')
            axis.annotate(rule.mode, (1.0, at), xycoords=('axes fraction', 'data'), fontsize=7,
                          ha='right', va='bottom', color=mode_colour(rule.mode))
        axis.set_ylim(-0.05, 1.05)
        axis.set_title(name, fontsize=9, loc='left', pad=2)
        axis.tick_params(labelsize=7)
    for axis in axes[len(names):]:
        axis.set_visible(False)
    _mode_legend(figure, every)
    return _png(figure)


def joint_names(history: History, count: int) -> Sequence[str]:
    """Return the names of the joints; records of older runs have chosen ones alone."""
    limits = history.report.get('limits') or {}
    for names in (limits.get('joints'), history.about.get('joints')):
        if names and len(names) == count:
            return [str(name) for name in names]
    return [f'joint {index + 1}' for index in range(count)]


def draw_commands(history: History) -> bytes | None:
    """Draw each joint's commands, lowest and highest of each second, between its limits."""
    limits = history.report.get('limits') or {}
    rows = [(second['t'] - began(history), second['least'], second['most'])
            for second in history.seconds if second.get('least')]
    # Of runs that moved other joints, those of the last.
    rows = [row for row in rows if len(row[1]) == len(rows[-1][1])]
    if not rows:
        return None
    times = np.array([at_s for at_s, _, _ in rows])
    least, most = (np.array([row[place] for row in rows], float) for place in (1, 2))
    joints = least.shape[1]
    columns = 2 if joints > 3 else 1
    figure, axes = _figure(-(-joints // columns), columns, 0.9 + 1.1 * (-(-joints // columns)))
    every = bands(history)
    names = joint_names(history, joints)
    for index, axis in enumerate(axes[:joints]):
        _shade(axis, every, history)
        axis.fill_between(times, least[:, index], most[:, index], color='#2563eb', alpha=0.35,
                          lw=0)
        for edge in (least, most):
            axis.plot(times, edge[:, index], color='#2563eb', lw=0.7)
        for bound in (limits.get('low'), limits.get('high')):
            if bound and index < len(bound) and bound[index] is not None:
                axis.axhline(bound[index], color='#c0392b', lw=1.0, ls='--')
        axis.set_title(names[index], fontsize=9, loc='left', pad=2)
        axis.tick_params(labelsize=7)
    for axis in axes[joints:]:
        axis.set_visible(False)
    _mode_legend(figure, every)
    return _png(figure)


def _figure(rows: int, columns: int, height: float) -> tuple[Any, Sequence[Any]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    figure = Figure(figsize=(10.0, height), layout='constrained', facecolor='white')
    FigureCanvasAgg(figure)
    axes = np.atleast_1d(figure.subplots(rows, columns, sharex=True)).ravel()
    for axis in axes:
        axis.spines[['top', 'right']].set_visible(False)
        axis.margins(x=0.0)
    return figure, list(axes)


def _shade(axis: Any, every: Bands, history: History) -> None:
    for mode, begin, end in every:
        axis.axvspan(begin, end, color=mode_colour(mode), alpha=0.24, lw=0)
    for at_s in history.begins[1:]:
        axis.axvline(at_s - began(history), color='#667180', lw=1.2, ls=':')


def _mode_legend(figure: Any, every: Bands) -> None:
    from matplotlib.patches import Patch
    modes = dict.fromkeys(mode for mode, _, _ in every)
    if modes:
        figure.legend(handles=[Patch(color=mode_colour(mode), alpha=0.5, label=mode)
                               for mode in modes], loc='outside lower center',
                      ncols=len(modes), frameon=False, fontsize=8)


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format='png', dpi=_DPI)
    return buffer.getvalue()


def shares(every: Bands) -> Mapping[str, float]:
    """Return how much of the time each mode was in force."""
    total = sum(end - begin for _, begin, end in every) or 1.0
    found: dict[str, float] = {}
    for mode, begin, end in every:
        found[mode] = found.get(mode, 0.0) + (end - begin) / total
    return dict(sorted(found.items(), key=lambda item: -item[1]))
