"""The pages of the documents and their code blocks, for the tests that try them."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TUTORIALS = sorted((ROOT / 'docs/tutorials').glob('*.md'))
PAGES = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *sorted((ROOT / 'docs').glob('*.md')),
         *TUTORIALS]
_FENCE = re.compile(r'^```(\w*)\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_FILE = re.compile(r'(?:# |<!-- )([\w./]+\.\w+)')


def blocks(page: Path, language: str = '') -> list[str]:
    """Return the code blocks of a language; commands have none."""
    return [text for name, text in _FENCE.findall(page.read_text(encoding='utf-8'))
            if name == language]


def file_blocks(page: Path) -> dict[str, list[str]]:
    """Return the blocks of files to be written, by the name in their first line; not `text`."""
    found: dict[str, list[str]] = {}
    for name, text in _FENCE.findall(page.read_text(encoding='utf-8')):
        if name not in ('', 'text'):
            file = _FILE.match(text)
            assert file, f'{page.name}: a block of {name} names no file in its first line'
            found.setdefault(file[1], []).append(text)
    return found


def commands() -> list[str]:
    """Return the lines of all blocks of commands, those that a backslash ends joined."""
    found = []
    for page in PAGES:
        for block in blocks(page):
            joined = block.replace('\\\n', ' ')
            found += [line.removeprefix('$ ').partition(' #')[0].strip()
                      for line in joined.splitlines()]
    return found


ABM = [line for line in commands() if re.match(r'(\.venv/bin/)?abm ', line)]
