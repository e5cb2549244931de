"""Holds the house and its documents together: rooms, ARCHITECTURE.md and docs/decisions."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / 'abm_ros'
ARCHITECTURE = ROOT / 'ARCHITECTURE.md'
DECISIONS = ROOT / 'docs/decisions'
FOLDERS = sorted(path.parent for path in PACKAGE.rglob('__init__.py') if path.parent != PACKAGE)
RECORDS = sorted(DECISIONS.glob('[0-9]*.md'))
PROSE = [ARCHITECTURE, ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', ROOT / 'docs/ethics.md',
         DECISIONS / 'README.md', *RECORDS]
HEADINGS = ['## Context', '## Decision', '## Evidence', '## Consequences']
LONGEST_PAGE, LONGEST_DOCSTRING, LONGEST_FILE = 150, 10, 350
FOLDER_LINES, FOLDER_FILES = 3000, 25
CODE = re.compile(r'`([^`\n]+)`')
PATH = re.compile(r'[\w./-]*\w(?:\.(?:py|yaml|md|urdf)|/)')
LINK = re.compile(r'\]\(([^)#\s]+)\)')
CITED = re.compile(r'[Dd]ecisions? (\d{4})')


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _lines(path: Path) -> int:
    return len(path.read_text(encoding='utf-8').splitlines())


def _rooms() -> dict[str, list[str]]:
    """Return the rows of the table of rooms: for each room what its row names in backticks."""
    text = ARCHITECTURE.read_text(encoding='utf-8').split('\n## The rooms')[1].split('\n## ')[0]
    rows = [CODE.findall(line) for line in text.splitlines() if line.startswith('| `')]
    return {names[0].rstrip('/'): [name for name in names[1:] if PATH.fullmatch(name)]
            for names in rows}


def _missing(text: str, *places: Path) -> list[str]:
    """Return the paths that a text names in backticks and that are in none of these places."""
    named = [name for name in CODE.findall(text) if PATH.fullmatch(name)]
    return [name for name in named if not any((place / name).exists() for place in places)]


def test_the_architecture_is_one_page() -> None:
    assert _lines(ARCHITECTURE) <= LONGEST_PAGE


def test_the_table_of_rooms_is_complete() -> None:
    assert set(_rooms()) == {path.name for path in FOLDERS if path.parent == PACKAGE}


@pytest.mark.parametrize('room', _rooms())
def test_a_row_of_the_table_names_files_of_its_room(room: str) -> None:
    wrong = [name for name in _rooms()[room] if not (PACKAGE / room / name).exists()]
    assert not wrong


@pytest.mark.parametrize('path', PROSE, ids=_name)
def test_every_path_that_is_named_exists(path: Path) -> None:
    text = path.read_text(encoding='utf-8')
    if path == ARCHITECTURE:      # its table names files by their rooms: the test above
        text = ''.join(line for line in text.splitlines(True) if not line.startswith('| `'))
    assert not _missing(text, ROOT, PACKAGE)
    links = [link for link in LINK.findall(text) if '://' not in link]
    assert not [link for link in links if not (path.parent / link).exists()]


def test_paths_are_found_in_text() -> None:
    text = 'see `no/such.py`, `meta/phi.py`, `lost/`, `system_a/model` and `abm sim`'
    assert _missing(text, ROOT, PACKAGE) == ['no/such.py', 'lost/']


@pytest.mark.parametrize('path', RECORDS, ids=_name)
def test_a_decision_has_its_form(path: Path) -> None:
    lines = path.read_text(encoding='utf-8').splitlines()
    assert re.fullmatch(rf'# {path.name[:4]}\. .+', lines[0])
    assert [line for line in lines if line.startswith('##')] == HEADINGS
    assert 10 <= len(lines) <= 30
    sections = re.split(r'^## .+$', '\n'.join(lines), flags=re.MULTILINE)[1:]
    assert all(section.strip() for section in sections)


def test_decisions_are_numbered_and_in_the_index() -> None:
    assert [int(path.name[:4]) for path in RECORDS] == list(range(1, len(RECORDS) + 1))
    index = (DECISIONS / 'README.md').read_text(encoding='utf-8')
    rows = re.findall(r'^- \[(\d{4})\]\((\S+)\) (.+)$', index, re.MULTILINE)
    titles = [path.read_text(encoding='utf-8').split('\n')[0].split('. ', 1)[1]
              for path in RECORDS]
    assert rows == [(path.name[:4], path.name, title)
                    for path, title in zip(RECORDS, titles, strict=True)]


def test_code_cites_decisions_that_exist() -> None:
    there = {path.name[:4] for path in RECORDS}
    files = [*PACKAGE.rglob('*.py'), *(ROOT / 'config').glob('*.yaml'),
             *(ROOT / 'test').rglob('*.py')]
    cited = {(_name(path), number) for path in files
             for number in CITED.findall(path.read_text(encoding='utf-8'))}
    assert cited
    assert not [(path, number) for path, number in cited if number not in there]


@pytest.mark.parametrize('folder', FOLDERS, ids=_name)
def test_a_room_is_small_and_says_what_it_is_for(folder: Path) -> None:
    docstring = ast.get_docstring(ast.parse(
        (folder / '__init__.py').read_text(encoding='utf-8')))
    assert docstring
    assert len(docstring.splitlines()) <= LONGEST_DOCSTRING
    files = list(folder.glob('*.py'))
    assert len(files) <= FOLDER_FILES
    assert sum(map(_lines, files)) <= FOLDER_LINES


def test_no_file_is_too_long() -> None:
    assert not {_name(path): length for path in PACKAGE.rglob('*.py')
                if (length := _lines(path)) > LONGEST_FILE}
