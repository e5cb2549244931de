"""A page in HTML that needs no other file, and its parts."""

import base64
from collections.abc import Sequence
from html import escape
from typing import Any

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


def document(title: str, parts: Sequence[str]) -> str:
    """Return the page of some parts, each of them HTML."""
    return ('<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
            f'content="width=device-width"><title>{escape(title)}</title><style>{_STYLE}</style>'
            f'</head><body><main>{"".join(parts)}</main></body></html>\n')


def section(title: str, content: str) -> str:
    """Return a card; nothing where there is no content."""
    return f'<section><h2>{escape(title)}</h2>{content}</section>' if content else ''


def picture(title: str, image: bytes | None) -> str:
    """Return a card with a PNG in it."""
    if image is None:
        return ''
    data = base64.b64encode(image).decode()
    return section(title, f'<img alt="{escape(title)}" src="data:image/png;base64,{data}">')


def number(value: Any) -> str:
    """Return a figure as people read it."""
    return '-' if value is None else f'{value:g}' if isinstance(value, float) else str(value)
