"""What the documents tell to type is taken: commands of `abm`, launch arguments, make targets."""

import ast
import re
import shlex

import pytest

pytest.importorskip('rclpy')

from documents import ABM, PAGES, ROOT, blocks, commands

from abm_ros.bringup.arguments import arguments
from abm_ros.cli.main import make_parser

SOURCE = 'source .venv/setup.bash'
ENDLESS = re.compile(r'ros2 launch |abm dashboard')
LINK = re.compile(r'\]\(([^)#\s]+)\)')


LAUNCH = [line for line in commands() if line.startswith('ros2 launch abm_ros ')]
MAKE = [line for line in commands() if line.startswith('make ')]


def test_there_are_commands_to_try() -> None:
    assert (len(ABM) > 15, len(LAUNCH) > 1, len(MAKE) > 1) == (True, True, True)


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_a_page_sources_the_environment_before_it_types_abm(page) -> None:
    typed = [line for block in blocks(page) for line in block.splitlines()]
    bare = [n for n, line in enumerate(typed) if line.startswith(('abm ', 'pip '))]
    assert not bare or SOURCE in typed[:bare[0]]


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_nothing_is_typed_after_what_runs_until_it_is_ended(page) -> None:
    """Each is an example of its own, in README, where a comment stands beside most lines."""
    for block in blocks(page):
        lines = [line for line in block.replace('\\\n', ' ').splitlines() if line]
        assert not [line for line in lines[:-1] if ENDLESS.match(line) and '#' not in line]


@pytest.mark.parametrize('line', ABM)
def test_a_command_of_abm_has_these_options(line) -> None:
    words = shlex.split(line)
    try:
        make_parser().parse_args(words[1:])
    except SystemExit as error:      # argparse's way of refusing
        pytest.fail(f'{line}: {error}')


@pytest.mark.parametrize('line', LAUNCH)
def test_a_launch_file_has_these_arguments(line) -> None:
    file, *given = shlex.split(line)[3:]
    assert (ROOT / 'launch' / file).exists()
    known = {argument.name for argument in arguments(simulated=file.startswith('sim'))}
    assert {word.partition(':=')[0] for word in given} <= known


@pytest.mark.parametrize('line', MAKE)
def test_make_has_this_target(line) -> None:
    text = (ROOT / 'Makefile').read_text(encoding='utf-8')
    assert re.search(rf'^{re.escape(line.split()[1])}:', text, re.MULTILINE)


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_a_link_leads_somewhere(page) -> None:
    links = [link for link in LINK.findall(page.read_text(encoding='utf-8')) if '://' not in link]
    assert not [link for link in links if not (page.parent / link).exists()]


def test_the_readme_leads_to_every_page() -> None:
    linked = set(LINK.findall((ROOT / 'README.md').read_text(encoding='utf-8')))
    assert {str(page.relative_to(ROOT)) for page in PAGES[1:]} <= linked


@pytest.mark.parametrize('page', [ROOT / 'docs/paper_map.md'], ids=lambda page: page.name)
def test_the_files_that_a_map_names_exist(page) -> None:
    text = page.read_text(encoding='utf-8')
    paths = re.findall(r'`([\w/]+\.py|test/[\w/]+/)`', text)
    assert len(paths) > 20
    assert not [path for path in paths
                if not (ROOT / 'abm_ros' / path).exists() and not (ROOT / path).exists()]


def said_in_code() -> list[str]:
    """Return every text of the package, those of f-strings piece by piece."""
    return [node.value for path in sorted((ROOT / 'abm_ros').rglob('*.py'))
            for node in ast.walk(ast.parse(path.read_text(encoding='utf-8')))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def test_what_is_troubleshot_is_said_somewhere() -> None:
    page = (ROOT / 'docs/troubleshooting.md').read_text(encoding='utf-8')
    said = [row.split('|')[1] for row in page.splitlines() if row.startswith('| `')]
    parts = {part.strip(" '") for row in said for text in re.findall(r'`([^`]+)`', row)
             for part in text.split('...')} - {''}
    assert len(parts) > 12
    texts = said_in_code()
    assert not [part for part in parts if not any(part in text for text in texts)]
