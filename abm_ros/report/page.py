"""One HTML page about a run, which needs no other file: its pictures are in it."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from abm_ros.common.colours import mode_colour
from abm_ros.common.errors import AuditError, StoreError
from abm_ros.meta.audit.log import records
from abm_ros.meta.audit.trail import record_text
from abm_ros.meta.phi import Phi, load_phi
from abm_ros.report import pictures
from abm_ros.report.history import History, joined, read_history
from abm_ros.report.html import document, number, picture, section

PAGE = 'report.html'
_MOST_RECORDS = 500
_SHOWN = ('success_before', 'success_after', 'model_error_before', 'model_error_after',
          'episodes', 'control_steps', 'transitions_recorded', 'switches', 'sleeps', 'commands',
          'unsafe_commands', 'degraded', 'duration_s', 'startup_s')


@dataclass(frozen=True)
class Written:
    """The files of a report."""

    page: Path
    pictures: Sequence[Path]


def write_report(run: Path, target: Path, life: int | None = None) -> Written:
    """
    Draw the runs of a folder, one after the other, and write their page.

    :param run: the folder.
    :param target: the folder for the page and the pictures.
    :param life: the number of the only run to be drawn, 1 for the first, -1 for the newest.
    :raises StoreError: there is no history or no such run, or the target cannot be written.
    :raises ConfigError: matplotlib is not installed.
    """
    pictures.require()
    runs = read_history(run)
    chosen = runs if life is None else [_chosen(runs, life, run)]
    history = joined(chosen)
    place = runs.index(chosen[-1]) + 1
    end = runs[place].about.get('began', float('inf')) if place < len(runs) else float('inf')
    log, trouble = _log_of(run, chosen[0], float(end))
    phi = _phi_of(log)
    drawn = {name: image for name, image in (
        ('life', pictures.draw_life(history)), ('signals', pictures.draw_signals(history, phi)),
        ('commands', pictures.draw_commands(history))) if image is not None}
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, image in drawn.items():
            (target / f'{name}.png').write_bytes(image)
        (target / PAGE).write_text(page(history, log, drawn, trouble), encoding='utf-8')
    except OSError as error:
        raise StoreError(f'{target}: cannot be written: {error.strerror}') from error
    return Written(target / PAGE, [target / f'{name}.png' for name in drawn])


def _chosen(runs: Sequence[History], life: int, folder: Path) -> History:
    if not (1 <= life <= len(runs) or life == -1):
        raise StoreError(f'{folder}: there is no life {life}, expected 1 to {len(runs)}, or -1 '
                         'for the newest')
    return runs[life - 1 if life > 0 else -1]


def _log_of(run: Path, first: History, end_s: float) -> tuple[list[Mapping[str, Any]], str]:
    """
    Return the audit records from a run on, and what is wrong with the log.

    :param end_s: when what is told is over, s since the epoch.
    """
    since_ns = float(first.about.get('began', 0.0)) * 1e9
    found: list[Mapping[str, Any]] = []
    try:
        for record in records(run / 'audit.jsonl'):
            if since_ns <= record['stamp_ns'] < end_s * 1e9:
                found.append(record)
    except AuditError as error:
        return found, str(error)
    return found, ''


def _phi_of(log: Iterable[Mapping[str, Any]]) -> Phi | None:
    texts = [record['body']['phi_text'] for record in log
             if record['kind'] == 'start' and 'phi_text' in record['body']]
    return load_phi(texts[-1]) if texts else None


def page(history: History, log: Sequence[Mapping[str, Any]], drawn: Mapping[str, bytes],
         trouble: str = '') -> str:
    """
    Return the page.

    :param drawn: PNG pictures by name.
    :param trouble: what is wrong with the audit log.
    """
    about = history.about
    title = f'abm sim {about.get("body", "")}'
    parts = [
        f'<h1>{escape(title)}</h1><p class="sub">{_when(history)} · seed '
        f'{escape(str(about.get("seed", "-")))} · {escape(str(about.get("command", "")))}</p>',
        section('What came of it', _lives(history.runs) or _tiles(history.report)),
        section('Modes', _modes(history)),
        picture('Success, error and uncertainty', drawn.get('life')),
        picture('Signals, and the thresholds of hard overrides', drawn.get('signals')),
        picture('Commands between the limits of the joints', drawn.get('commands')),
        section('Wiring by mode', _wiring(about.get('wiring', {}))),
        section('What System M decided, and why', _audit(log, trouble)),
        section('Unsafe commands', _findings(
            run.report for run in history.runs or (history,)))]
    return document(title, parts)


def _lives(runs: Sequence[History]) -> str:
    """Return a table with a row for each of several runs."""
    if not runs:
        return ''
    head = ''.join(f'<th>{escape(name.replace("_", " "))}</th>' for name in _SHOWN)
    rows = ''.join(
        f'<tr><td class="n">{place}</td><td class="n">{_when(run)}</td>'
        + ''.join(f'<td class="n">{escape(number(run.report.get(name)))}</td>' for name in _SHOWN)
        + '</tr>'
        for place, run in enumerate(runs, 1))
    return (f'<p class="muted">{len(runs)} lives, one after the other; a dotted line is where one '
            'begins. Draw one alone by --life.</p>'
            f'<table><tr><th>life</th><th>began</th>{head}</tr>{rows}</table>')


def _when(run: History) -> str:
    return time.strftime('%Y-%m-%d %H:%M', time.localtime(float(run.about.get('began', 0.0))))


def _tiles(report: Mapping[str, Any]) -> str:
    tiles = ''.join(
        f'<div class="tile"><b>{escape(number(report[name]))}</b>'
        f'<span>{escape(name.replace("_", " "))}</span></div>'
        for name in _SHOWN if name in report)
    return f'<div class="tiles">{tiles}</div>' if tiles else (
        '<p class="muted">The run did not come to its end: there is no report of it.</p>')


def _modes(history: History) -> str:
    every = pictures.bands(history)
    if not every:
        return ''
    total = every[-1][2] or 1.0
    band, place = '', 0.0
    for mode, begin, end in every:
        if begin > place:
            band += f'<i style="width:{100 * (begin - place) / total:.2f}%"></i>'
        band += (f'<i title="{escape(mode)} {begin:.0f} to {end:.0f} s" style="width:'
                 f'{100 * (end - begin) / total:.2f}%;background:{mode_colour(mode)}"></i>')
        place = end
    rows = ''.join(f'{_mode(mode)} {100 * share:.0f} % &nbsp; '
                   for mode, share in pictures.shares(every).items())
    return f'<div class="band">{band}</div><p>{rows}</p>'


def _mode(mode: str) -> str:
    return f'<span class="mode" style="background:{mode_colour(mode)}">{escape(mode)}</span>'


def _wiring(wiring: Mapping[str, Mapping[str, Sequence[str]]]) -> str:
    """Return a table: for each mode and node the ports that are wired."""
    if not wiring:
        return ''
    nodes = list(dict.fromkeys(node for row in wiring.values() for node in row))
    head = ''.join(f'<th>{escape(node)}</th>' for node in nodes)
    rows = ''.join(
        f'<tr><td>{_mode(mode)}</td>' + ''.join(
            f'<td>{escape(", ".join(row.get(node, ()))) or "·"}</td>' for node in nodes)
        + '</tr>' for mode, row in wiring.items())
    return f'<table><tr><th>mode</th>{head}</tr>{rows}</table>'


def _audit(log: Sequence[Mapping[str, Any]], trouble: str) -> str:
    told = [record for record in log if record['kind'] != 'modulate']
    left_out = max(0, len(told) - _MOST_RECORDS)
    rows = ''.join(
        f'<tr><td class="n">{record["seq"]}</td><td class="n">'
        f'{time.strftime("%H:%M:%S", time.localtime(record["stamp_ns"] / 1e9))}</td>'
        f'<td>{escape(record["kind"])}</td><td>{escape(record_text(record))}</td></tr>'
        for record in told[-_MOST_RECORDS:])
    notes = [f'{len(log) - len(told)} changes of modulation are left out'
             ] if len(log) > len(told) else []
    notes += [f'the first {left_out} records are left out'] if left_out else []
    notes += [f'the log is damaged: {trouble}'] if trouble else []
    note = f'<p class="muted">{escape("; ".join(notes))}</p>' if notes else ''
    return f'{note}<table><tr><th>#</th><th>time</th><th>kind</th><th>what and why</th></tr>' \
           f'{rows}</table>' if rows or notes else ''


def _findings(reports: Iterable[Mapping[str, Any]]) -> str:
    return ''.join(f'<p>{escape(str(text))}</p>' for report in reports
                   for text in report.get('unsafe_findings', ()))
