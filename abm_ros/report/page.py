"""One HTML page about a run, which needs no other file: its pictures are in it."""

import base64
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
from abm_ros.report.history import History, read_history

PAGE = 'report.html'
_MOST_RECORDS = 500
_SHOWN = ('success_before', 'success_after', 'model_error_before', 'model_error_after',
          'episodes', 'control_steps', 'transitions_recorded', 'switches', 'sleeps', 'commands',
          'unsafe_commands', 'degraded', 'duration_s', 'startup_s')
_STYLE = """
:root { color-scheme: light dark; --ground: #f2f4f7; --card: #fff; --text: #1b2330;
  --muted: #667180; --border: #d9dde4; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171c; --card: #1d2229;
  --text: #e7eaef; --muted: #939eac; --border: #323a46; } }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 24px 16px 60px; }
h1 { font-size: 1.5rem; margin: 0 0 4px; } h2 { font-size: 1.05rem; margin: 0 0 10px; }
p.sub, .muted { color: var(--muted); margin: 0 0 16px; }
section { background: var(--card); border: 1px solid var(--border); border-radius: 10px;
  padding: 16px; margin: 16px 0; overflow-x: auto; }
img { width: 100%; height: auto; background: #fff; border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: 4px 10px 4px 0; border-bottom: 1px solid var(--border);
  vertical-align: top; } th { color: var(--muted); font-weight: 600; }
td.n { font-variant-numeric: tabular-nums; white-space: nowrap; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 10px; }
.tile { border: 1px solid var(--border); border-radius: 8px; padding: 8px 12px; }
.tile b { display: block; font-size: 1.25rem; } .tile span { color: var(--muted);
  font-size: .8rem; }
.band { display: flex; height: 26px; border-radius: 6px; overflow: hidden; margin-bottom: 8px; }
.band i { display: block; } .mode { color: #fff; border-radius: 5px; padding: 1px 8px;
  white-space: nowrap; }
"""


@dataclass(frozen=True)
class Written:
    """The files of a report."""

    page: Path
    pictures: Sequence[Path]


def write_report(run: Path, target: Path) -> Written:
    """
    Draw the newest run of a folder and write its page.

    :param run: the folder of the run.
    :param target: the folder for the page and the pictures.
    :raises StoreError: there is no history, or the target cannot be written.
    :raises ConfigError: matplotlib is not installed.
    """
    pictures.require()
    history = read_history(run)[-1]
    log, trouble = _log_of(run, history)
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


def _log_of(run: Path, history: History) -> tuple[list[Mapping[str, Any]], str]:
    """Return the audit records of this run, and what is wrong with the log."""
    since_ns = float(history.about.get('began', 0.0)) * 1e9
    found: list[Mapping[str, Any]] = []
    try:
        for record in records(run / 'audit.jsonl'):
            if record['stamp_ns'] >= since_ns:
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
    when = time.strftime('%Y-%m-%d %H:%M', time.localtime(float(about.get('began', 0.0))))
    parts = [
        f'<h1>{escape(title)}</h1><p class="sub">{escape(when)} · seed '
        f'{escape(str(about.get("seed", "-")))} · {escape(str(about.get("command", "")))}</p>',
        _section('What came of it', _tiles(history.report)),
        _section('Modes', _modes(history)),
        _picture('Success, error and uncertainty', drawn.get('life')),
        _picture('Signals, and the thresholds of hard overrides', drawn.get('signals')),
        _picture('Commands between the limits of the joints', drawn.get('commands')),
        _section('Wiring by mode', _wiring(about.get('wiring', {}))),
        _section('What System M decided, and why', _audit(log, trouble)),
        _section('Unsafe commands', _findings(history.report))]
    return ('<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
            f'content="width=device-width"><title>{escape(title)}</title><style>{_STYLE}</style>'
            f'</head><body><main>{"".join(parts)}</main></body></html>\n')


def _section(title: str, content: str) -> str:
    return f'<section><h2>{escape(title)}</h2>{content}</section>' if content else ''


def _picture(title: str, image: bytes | None) -> str:
    if image is None:
        return ''
    data = base64.b64encode(image).decode()
    return _section(title, f'<img alt="{escape(title)}" src="data:image/png;base64,{data}">')


def _tiles(report: Mapping[str, Any]) -> str:
    tiles = ''.join(
        f'<div class="tile"><b>{escape(_number(report[name]))}</b>'
        f'<span>{escape(name.replace("_", " "))}</span></div>'
        for name in _SHOWN if name in report)
    return f'<div class="tiles">{tiles}</div>' if tiles else (
        '<p class="muted">The run did not come to its end: there is no report of it.</p>')


def _number(value: Any) -> str:
    return '-' if value is None else f'{value:g}' if isinstance(value, float) else str(value)


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


def _findings(report: Mapping[str, Any]) -> str:
    return ''.join(f'<p>{escape(str(text))}</p>' for text in report.get('unsafe_findings', ()))
